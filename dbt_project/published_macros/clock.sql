-- Seconds as people read them: 5:17, 1:30:05 from an hour on, 27:46:40. `strftime(to_timestamp(x))` would
-- write the time of the session's zone: 35:17 in India for a pace of 5:17.
create macro clock(seconds) as
if(round(seconds) < 0, '-', '') || case
    when abs(round(seconds)) >= 3600 then format(
        '{}:{:02}:{:02}',
        abs(round(seconds))::bigint // 3600,
        abs(round(seconds))::bigint // 60 % 60,
        abs(round(seconds))::bigint % 60
    )
    else format('{}:{:02}', abs(round(seconds))::bigint // 60, abs(round(seconds))::bigint % 60)
end
