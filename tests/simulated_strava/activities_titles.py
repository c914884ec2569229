"""The titles of activities.csv in the layout of 2026: facts of the format, as data."""


def _titles(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\n", "").split("|"))


ENGLISH = _titles("""
Activity ID|Activity Date|Activity Name|Activity Type|Activity Description|Elapsed Time|Distance|
Max Heart Rate|Relative Effort|Commute|Activity Private Note|Activity Gear|Filename|Athlete Weight|
Bike Weight|Elapsed Time|Moving Time|Distance|Max Speed|Average Speed|Elevation Gain|Elevation Loss|
Elevation Low|Elevation High|Max Grade|Average Grade|Average Positive Grade|Average Negative Grade|
Max Cadence|Average Cadence|Max Heart Rate|Average Heart Rate|Max Watts|Average Watts|Calories|
Max Temperature|Average Temperature|Relative Effort|Total Work|Number of Runs|Uphill Time|
Downhill Time|Other Time|Perceived Exertion|Type|Start Time|Weighted Average Power|Power Count|
Prefer Perceived Exertion|Perceived Relative Effort|Commute|Total Weight Lifted|From Upload|
Grade Adjusted Distance|Weather Observation Time|Weather Condition|Weather Temperature|
Apparent Temperature|Dewpoint|Humidity|Weather Pressure|Wind Speed|Wind Gust|Wind Bearing|
Precipitation Intensity|Sunrise Time|Sunset Time|Moon Phase|Bike|Gear|Precipitation Probability|
Precipitation Type|Cloud Cover|Weather Visibility|UV Index|Weather Ozone|Jump Count|Total Grit|
Average Flow|Flagged|Average Elapsed Speed|Dirt Distance|Newly Explored Distance|
Newly Explored Dirt Distance|Activity Count|Total Steps|Carbon Saved|Pool Length|Training Load|
Intensity|Average Grade Adjusted Pace|Timer Time|Total Cycles|Recovery|With Pet|Competition|Long Run|
For a Cause|With Kid|Downhill Distance|Total Sets|Total Reps|Media
""")
# German had 99 columns when it was last seen; the four that have come since are left in English.
GERMAN = _titles("""
Aktivitäts-ID|Aktivitätsdatum|Name der Aktivität|Aktivitätsart|Aktivitätsbeschreibung|
Verstrichene Zeit|Distanz|Max. Herzfrequenz|Relative Leistung|Pendeln|
Hinweis zur Privatsphäre für Aktivitäten|Aktivitätsausrüstung|Dateiname|Sportlergewicht|Fahrradgewicht|
Verstrichene Zeit|Bewegungszeit|Distanz|Höchstgeschw.|Durchschnittliche Geschwindigkeit|Höhenzunahme|
Höhenunterschied|Min. Höhe|Max. Höhe|Max. Steigung|Durchschnittliche Steigung|
Durchschnittliche positive Steigung|Durchschnittliche negative Steigung|Max. Tritt-/Schrittfrequenz|
Durchschnittliche Trittfrequenz|Max. Herzfrequenz|Durchschnittliche Herzfrequenz|Max. Watt|
Durchschnittliche Watt|Kalorien|Max. Temperatur|Durchschnittliche Temperatur|Relative Leistung|
Gesamtarbeit|Anzahl Läufe|Bergaufzeit|Bergabzeit|Andere Zeit|Gefühlte Anstrengung|Art|Startzeit|
Gewichtete durchschnittliche Leistung|Leistungszahl|Gefühlte Anstrengung verwenden|
Gefühlte relative Leistung|Pendeln|Insgesamt gestemmtes Gewicht|Von Upload|
Auf Steigung angepasste Distanz|Wetterbeobachtungszeit|Wetterlage|Wetter: Temperatur|
Scheinbare Temperatur|Taupunkt|Luftfeuchtigkeit|Wetter: Druck|Windgeschwindigkeit|Windböe|
Windrichtung|Niederschlagsintensität|Sonnenaufgangszeit|Sonnenuntergangszeit|Mondphase|Fahrrad|
Ausrüstung|Niederschlagswahrscheinlichkeit|Niederschlagsart|Wolkendecke|Wetter: Sichtbarkeit|UV-Index|
Wetter: Ozon|Sprunganzahl|Schwierigkeit insgesamt|Durchschnittlicher Flow|Markiert|
Durchschnittsgeschwindigkeit im Aufzeichnungszeitraum|Auf Schotter zurückgelegte Distanz|
Neu getestete Distanz|Neu getestete Schotterdistanz|Aktivitätsanzahl|Schritte insgesamt|
Eingesparte CO₂-Emissionen|Pool-Länge|Trainingsbelastung|Intensität|
Durchschnittliches auf Steigung angepasstes Tempo|Stoppuhr-Zeit|Zyklen gesamt|Regeneration|Mit Haustier|
Wettbewerb|Langer Lauf|Für einen guten Zweck|With Kid|Downhill Distance|Total Sets|Total Reps|Medien
""")
