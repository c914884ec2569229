"""strava-marts: Strava's API -> strava_raw (dlt), strava_raw -> marts (dbt)."""
