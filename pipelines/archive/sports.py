"""Strava's sport types, and what the display names, devices and files call them."""

import unicodedata

# SportType of Strava's API reference (developers.strava.com/docs/reference/#api-models-SportType), November 2026.
_SPORT_TYPES = """
    AlpineSki BackcountrySki Badminton Basketball Canoeing Cricket Crossfit Dance EBikeRide Elliptical
    EMountainBikeRide Golf GravelRide Handcycle HighIntensityIntervalTraining Hike IceSkate InlineSkate Kayaking
    Kitesurf MountainBikeRide NordicSki Padel PhysicalTherapy Pickleball Pilates Racquetball Ride RockClimbing
    RollerSki Rowing Run Sail Skateboard Snowboard Snowshoe Soccer Squash StairStepper StandUpPaddling Surfing
    Swim TableTennis Tennis TrailRun Velomobile VirtualRide VirtualRow VirtualRun Volleyball Walk WeightTraining
    Wheelchair Windsurf Workout Yoga
"""
SPORT_TYPES = frozenset(_SPORT_TYPES.split())

# ActivityType, the older and coarser field beside it, was closed in 2022. What came later is one of its types
# where a sport is a kind of another, and a Workout where it is not.
_NEWER = """
    Badminton Basketball Cricket Dance HighIntensityIntervalTraining Padel PhysicalTherapy Pickleball Pilates
    Racquetball Squash TableTennis Tennis Volleyball
"""
_COARSER = {
    "EMountainBikeRide": "EBikeRide",
    "GravelRide": "Ride",
    "MountainBikeRide": "Ride",
    "TrailRun": "Run",
    "VirtualRow": "Rowing",
} | dict.fromkeys(_NEWER.split(), "Workout")

# Names that activities.csv gives a sport, beside the sport type with blanks between its words. Each was seen in
# an archive of that language or in a program made for one.
_DISPLAY_NAMES = {
    "en": {
        "Canoeing": "Canoe",
        "HighIntensityIntervalTraining": "HIIT",
        "Kayaking": "Kayak",
        "RockClimbing": "Rock Climb",
        "Rowing": "Row",
        "Soccer": "Football (Soccer)|Football",
        "VirtualRow": "Virtual Rowing",
    },
    "de": {
        "AlpineSki": "Ski Alpin",
        "BackcountrySki": "Skitouren",
        "Canoeing": "Kanufahrt",
        "EBikeRide": "E-Bike-Fahrt|E-Bike-Radfahrt",
        "Elliptical": "Ellipsentrainer",
        "EMountainBikeRide": "E-Mountainbike-Fahrt",
        "GravelRide": "Gravelfahrt|Gravelbike-Fahrt|Schotterfahrt",
        "Hike": "Wanderung|Wandern",
        "IceSkate": "Eislaufen",
        "InlineSkate": "Inlineskaten",
        "Kayaking": "Kajakfahren",
        "Kitesurf": "Kitesurfen",
        "MountainBikeRide": "Mountainbikefahrt|Mountainbike-Fahrt",
        "NordicSki": "Langlauf",
        "Ride": "Radfahrt",
        "RockClimbing": "Klettern",
        "Rowing": "Rudern",
        "Run": "Lauf",
        "Sail": "Segeln",
        "Snowboard": "Snowboarden",
        "Snowshoe": "Schneeschuhwanderung",
        "Soccer": "Fußball",
        "Surfing": "Surfen",
        "Swim": "Schwimmen",
        "TrailRun": "Traillauf",
        "VirtualRide": "Virtuelle Radfahrt|Virtuelles Radfahren",
        "VirtualRun": "Virtueller Lauf",
        "Walk": "Spaziergang",
        "WeightTraining": "Gewichtstraining|Krafttraining",
        "Windsurf": "Windsurfen",
        "Workout": "Training",
    },
    "fr": {
        "EBikeRide": "Sortie vélo électrique",
        "Hike": "Randonnée",
        "Ride": "Vélo|Sortie vélo",
        "Run": "Course à pied",
        "Swim": "Natation",
        "TrailRun": "Trail",
        "VirtualRide": "Sortie vélo virtuelle",
        "VirtualRun": "Course à pied virtuelle",
        "Walk": "Marche",
        "WeightTraining": "Entraînement aux poids|Musculation",
        "Workout": "Entraînement",
    },
    "es": {
        "Hike": "Senderismo",
        "Ride": "Vuelta ciclista",
        "Run": "Carrera",
        "Swim": "Natación",
        "WeightTraining": "Entrenamiento con pesas",
        "Workout": "Entrenamiento",
    },
    "pt": {
        "Hike": "Trilha",
        "MountainBikeRide": "Pedalada de mountain bike",
        "Ride": "Pedalada",
        "Run": "Corrida",
        "Swim": "Natação",
        "TrailRun": "Corrida em trilha",
        "VirtualRide": "Pedalada virtual",
        "VirtualRun": "Corrida virtual",
        "Walk": "Caminhada",
        "WeightTraining": "Treino com peso",
        "Workout": "Treino",
    },
    "it": {
        "Canoeing": "Canoa",
        "EBikeRide": "Pedalata con e-bike",
        "Handcycle": "Handbike",
        "Ride": "Ciclismo",
        "Rowing": "Canottaggio",
        "Run": "Corsa",
        "StandUpPaddling": "Stand Up Paddle",
        "Surfing": "Surf",
        "Swim": "Nuotata",
        "VirtualRide": "Pedalata virtuale",
        "VirtualRun": "Corsa virtuale",
    },
    "nl": {
        "Hike": "Hiken",
        "Kayaking": "Kayakken",
        "Kitesurf": "Kitesurfen",
        "Ride": "Fietsrit",
        "Run": "Hardloopsessie",
        "StairStepper": "Stepapparaat",
        "Swim": "Zwemmen",
        "VirtualRide": "Virtuele fietsrit",
        "Walk": "Wandeling|Wandelen",
        "WeightTraining": "Krachttraining",
        "Workout": "Training",
    },
    "ru": {
        "EBikeRide": "Заезд на электровелосипеде",
        "Elliptical": "Эллипс",
        "GravelRide": "Гравийный велозаезд",
        "Hike": "Поход",
        "IceSkate": "Катание на коньках",
        "MountainBikeRide": "Горный велозаезд",
        "Ride": "Велосипед|Заезд",
        "Rowing": "Гребля",
        "Run": "Бег|Забег",
        "Soccer": "Футбол",
        "Swim": "Плавание",
        "Tennis": "Теннис",
        "TrailRun": "Трейлран",
        "VirtualRide": "Виртуальный заезд|Виртуальный велозаезд",
        "VirtualRun": "Виртуальный бег",
        "Walk": "Ходьба",
        "WeightTraining": "Силовая тренировка",
        "Workout": "Тренировка",
        "Yoga": "Йога",
    },
    "zh": {
        "Hike": "徒步",
        "Ride": "骑行",
        "Rowing": "划船",
        "Run": "跑步",
        "Swim": "游泳",
        "TrailRun": "越野跑",
        "VirtualRide": "虚拟骑行",
        "VirtualRun": "虚拟跑步",
        "Walk": "步行",
        "Yoga": "瑜伽",
    },
    "ko": {
        "VirtualRide": "가상 라이딩",
    },
    "ja": {
        "Hike": "ハイキング",
        "Ride": "サイクリング",
        "Run": "ランニング",
        "Swim": "水泳",
        "TrailRun": "トレイルラン",
        "VirtualRide": "バーチャルライド",
        "VirtualRun": "バーチャルラン",
        "Walk": "ウォーキング",
        "WeightTraining": "ウェイトトレーニング",
        "Workout": "ワークアウト",
        "Yoga": "ヨガ",
    },
}

# What TCX, GPX and the services that write them call a sport, beside its display names.
_WORDS_OF_FILES = {
    "BackcountrySki": "backcountry_skiing backcountry_skiing_snowboarding",
    "AlpineSki": "alpine_skiing resort_skiing resort_skiing_snowboarding",
    "Canoeing": "paddling",
    "EBikeRide": "e_biking e_bike_fitness",
    "Elliptical": "elliptical_trainer",
    "EMountainBikeRide": "e_bike_mountain",
    "GravelRide": "gravel_cycling gravel_biking gravel_riding",
    "HighIntensityIntervalTraining": "hiit",
    "Hike": "hiking mountaineering trekking",
    "IceSkate": "ice_skating",
    "InlineSkate": "inline_skating skating",
    "MountainBikeRide": "mountain_biking",
    "NordicSki": "cross_country_skiing skate_skiing cross_country_skiing_ws",
    "Ride": "biking cycling bike road_biking road_cycling indoor_cycling cyclocross track_cycling commuting",
    "RockClimbing": "climbing rock_climbing indoor_climbing bouldering",
    "Rowing": "indoor_rowing",
    "Run": "running treadmill_running street_running track_running indoor_running treadmill",
    "Sail": "sailing",
    "Snowboard": "snowboarding",
    "Snowshoe": "snowshoeing snow_shoe",
    "StairStepper": "stair_climbing",
    "StandUpPaddling": "stand_up_paddleboarding",
    "Swim": "swimming lap_swimming open_water_swimming",
    "TrailRun": "trail_running",
    "VirtualRide": "virtual_cycling",
    "VirtualRun": "virtual_running",
    "Walk": "walking casual_walking speed_walking indoor_walking",
    "WeightTraining": "strength_training",
    "Windsurf": "windsurfing",
    "Workout": "training fitness_equipment cardio_training indoor_cardio",
}

# The numbers in the GPX of Strava's own app.
_NUMBERS_OF_STRAVA = {
    "1": "Ride",
    "2": "AlpineSki",
    "4": "Hike",
    "9": "Run",
    "10": "Walk",
    "16": "Swim",
    "23": "Rowing",
}

# FIT's profile: `sport`, and pairs with `sub_sport` where that says more.
_FIT_SPORTS = {
    **{
        1: "Run",
        2: "Ride",
        4: "Workout",
        5: "Swim",
        6: "Basketball",
        7: "Soccer",
        8: "Tennis",
        10: "Workout",
    },
    **{11: "Walk", 12: "NordicSki", 13: "AlpineSki", 14: "Snowboard", 15: "Rowing", 16: "Hike", 17: "Hike"},
    **{19: "Canoeing", 21: "EBikeRide", 25: "Golf", 30: "InlineSkate", 31: "RockClimbing", 32: "Sail"},
    **{33: "IceSkate", 35: "Snowshoe", 37: "StandUpPaddling", 38: "Surfing", 41: "Kayaking", 43: "Windsurf"},
    **{44: "Kitesurf", 47: "Workout", 48: "StairStepper", 62: "HighIntensityIntervalTraining"},
    **{65: "Wheelchair", 66: "Wheelchair", 71: "Cricket", 75: "Volleyball", 83: "Dance", 84: "Workout"},
}
_FIT_PAIRS = {
    **{(1, 3): "TrailRun", (1, 58): "VirtualRun"},
    **{(2, 8): "MountainBikeRide", (2, 9): "MountainBikeRide", (2, 12): "Handcycle", (2, 28): "EBikeRide"},
    **{(2, 46): "GravelRide", (2, 47): "EMountainBikeRide", (2, 58): "VirtualRide", (2, 88): "Handcycle"},
    **{
        (13, 37): "BackcountrySki",
        (14, 37): "BackcountrySki",
        (15, 58): "VirtualRow",
        (21, 8): "EMountainBikeRide",
    },
    **{(21, 47): "EMountainBikeRide"},
}
# Of sports that are no sport by themselves: generic, fitness equipment, training, racket.
_FIT_SUB_SPORTS = {
    **{1: "Run", 5: "Ride", 6: "Ride", 14: "Rowing", 15: "Elliptical", 16: "StairStepper"},
    **{20: "WeightTraining", 25: "NordicSki", 27: "Walk", 43: "Yoga", 44: "Pilates", 45: "Run"},
    **{68: "RockClimbing", 69: "RockClimbing", 70: "HighIntensityIntervalTraining"},
    **{84: "Pickleball", 85: "Padel", 94: "Squash", 95: "Badminton", 96: "Racquetball", 97: "TableTennis"},
}


def of_display_name(name: str) -> str | None:
    """Return the sport type of a name in activities.csv, whichever language it is in; `None` if it is unknown."""
    return _BY_DISPLAY_NAME.get(_letters(name))


def of_file(sport: tuple[int, int] | str | None) -> str | None:
    """Return the sport type of a recording's sport: FIT's (sport, sub_sport), or the word or number in an XML file.

    `None` if it is unknown, and for what is none: "generic", "Other", a transition.
    """
    if sport is None:
        return None
    if isinstance(sport, str):
        known = _NUMBERS_OF_STRAVA.get(sport.strip())
        return known or _BY_WORD.get(_letters(sport)) or of_display_name(sport)
    number, sub_sport = sport
    if sport in _FIT_PAIRS:
        return _FIT_PAIRS[sport]
    if number in (0, 4, 10, 64) and sub_sport in _FIT_SUB_SPORTS:
        return _FIT_SUB_SPORTS[sub_sport]
    return _FIT_SPORTS.get(number)


def type_of(sport_type: str) -> str:
    """Return the older `type` that the API sends beside a sport type."""
    return _COARSER.get(sport_type, sport_type)


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in plain if character.isalpha())


_BY_DISPLAY_NAME = {_letters(name): name for name in SPORT_TYPES} | {
    _letters(name): sport_type
    for names in _DISPLAY_NAMES.values()
    for sport_type, texts in names.items()
    for name in texts.split("|")
}
_BY_WORD = {
    _letters(word): sport_type for sport_type, words in _WORDS_OF_FILES.items() for word in words.split()
}
