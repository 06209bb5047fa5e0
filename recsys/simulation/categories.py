"""The catalogue of the simulated city: categories of places, their hours and follow-ups, interests and habits."""

from typing import NamedTuple

import numpy as np

SLOTS = ("early", "lunch", "after work", "evening", "weekend morning", "weekend afternoon", "daytime", "night")
EARLY, LUNCH, AFTER_WORK, EVENING, WEEKEND_MORNING, WEEKEND_AFTERNOON, DAYTIME, NIGHT = range(8)
SLOT_HOURS = np.array([(6.6, 8.2), (11.9, 13.2), (17.0, 18.5), (19.2, 20.8), (8.8, 11.0), (13.2, 16.2), (9.4, 15.0), (21.6, 23.2)])
WORK_SLOTS = (EARLY, LUNCH, AFTER_WORK)  # outings of employed residents begin at work
LATE_SLOTS = (AFTER_WORK, EVENING, NIGHT)  # slots with the evening's follow-up instead of the day's
SLOT_PART = np.array([0, 1, 2, 2, 0, 1, 1, 3])  # a resident starts at most one outing in each part of a day

_WEEK, _END, _ALL = (1, 1, 1, 1, 1, 0, 0), (0, 0, 0, 0, 0, 1, 1), (1, 1, 1, 1, 1, 1, 1)
SLOT_DAYS = np.array([_WEEK, _WEEK, _WEEK, _ALL, _END, _END, _WEEK, (0, 0, 0, 0, 1, 1, 0)], dtype=float)


class Category(NamedTuple):
    """A category of places.

    `share` of the city's places; `slots` in which residents go there; `follow` is the category visited next by day, late, and late after
    a meal, with probability `chance`; `minutes` is the typical length of a visit.
    """

    name: str
    group: str
    share: float
    slots: tuple[int, ...]
    follow: tuple[str, str, str] = ("", "", "")
    chance: float = 0.0
    minutes: int = 60


OWN_WORK = "own work"  # a follow-up that stands for the resident's own place of work
_DAY = (WEEKEND_AFTERNOON, DAYTIME)
_OUT = (AFTER_WORK, EVENING, WEEKEND_AFTERNOON)
_MEAL = (LUNCH, EVENING, WEEKEND_AFTERNOON)
_LATE = (EVENING, NIGHT)

CATEGORIES = (
    Category("espresso bar", "coffee and bakery", 0.080, (EARLY, WEEKEND_MORNING, DAYTIME), (OWN_WORK, "bookshop", "bookshop"), 0.62, 25),
    Category("bakery", "coffee and bakery", 0.060, (EARLY, WEEKEND_MORNING), ("espresso bar", "park", "park"), 0.50, 15),
    Category("juice bar", "coffee and bakery", 0.030, (DAYTIME, WEEKEND_MORNING), ("park", "", ""), 0.15, 20),
    Category("ice-cream parlour", "coffee and bakery", 0.030, (WEEKEND_AFTERNOON, EVENING), ("park", "cinema", "cinema"), 0.25, 25),
    Category("museum café", "coffee and bakery", 0.022, _DAY, ("bookshop", "", ""), 0.20, 45),
    Category("ramen bar", "food", 0.048, _MEAL, ("ice-cream parlour", "cocktail bar", "cocktail bar"), 0.30, 50),
    Category("trattoria", "food", 0.058, _MEAL, ("ice-cream parlour", "theatre", "wine bar"), 0.45, 90),
    Category("taqueria", "food", 0.040, _MEAL, ("juice bar", "pub", "pub"), 0.35, 50),
    Category("deli", "food", 0.044, (LUNCH, DAYTIME), ("espresso bar", "", ""), 0.50, 30),
    Category("food market", "food", 0.020, (WEEKEND_MORNING, DAYTIME), ("bakery", "", ""), 0.60, 60),
    Category("wine bar", "nightlife", 0.040, _LATE, ("", "trattoria", "jazz club"), 0.35, 80),
    Category("cocktail bar", "nightlife", 0.040, _LATE, ("", "taqueria", "jazz club"), 0.30, 80),
    Category("pub", "nightlife", 0.048, (AFTER_WORK, EVENING, NIGHT), ("taqueria", "taqueria", "record shop"), 0.30, 100),
    Category("jazz club", "nightlife", 0.022, _LATE, ("", "ramen bar", "cocktail bar"), 0.60, 120),
    Category("cinema", "culture", 0.024, _OUT, ("ice-cream parlour", "ramen bar", "cocktail bar"), 0.70, 130),
    Category("theatre", "culture", 0.018, _OUT, ("museum café", "wine bar", "cocktail bar"), 0.65, 140),
    Category("museum", "culture", 0.026, _DAY, ("museum café", "wine bar", "wine bar"), 0.75, 100),
    Category("gallery", "culture", 0.026, (WEEKEND_AFTERNOON, DAYTIME, AFTER_WORK), ("museum café", "wine bar", "wine bar"), 0.50, 60),
    Category("bookshop", "culture", 0.036, (WEEKEND_AFTERNOON, DAYTIME, AFTER_WORK), ("espresso bar", "wine bar", "wine bar"), 0.50, 40),
    Category("library", "culture", 0.018, (DAYTIME, WEEKEND_MORNING, AFTER_WORK), ("espresso bar", "deli", "deli"), 0.45, 90),
    Category(
        "record shop", "culture", 0.022, (WEEKEND_AFTERNOON, DAYTIME, AFTER_WORK), ("espresso bar", "jazz club", "jazz club"), 0.50, 40
    ),
    Category("gym", "sport", 0.044, (EARLY, AFTER_WORK, WEEKEND_MORNING, DAYTIME), ("juice bar", "deli", "deli"), 0.65, 70),
    Category("climbing hall", "sport", 0.016, (AFTER_WORK, EVENING, WEEKEND_MORNING), ("juice bar", "pub", "pub"), 0.65, 110),
    Category("swimming pool", "sport", 0.018, (EARLY, AFTER_WORK, WEEKEND_MORNING), ("bakery", "taqueria", "taqueria"), 0.55, 60),
    Category("yoga studio", "sport", 0.024, (EARLY, EVENING, WEEKEND_MORNING), ("juice bar", "ramen bar", "ramen bar"), 0.55, 75),
    Category(
        "park", "outdoors", 0.036, (WEEKEND_MORNING, WEEKEND_AFTERNOON, DAYTIME, AFTER_WORK), ("ice-cream parlour", "pub", "pub"), 0.40, 60
    ),
    Category(
        "beach",
        "outdoors",
        0.014,
        (WEEKEND_MORNING, WEEKEND_AFTERNOON, AFTER_WORK),
        ("ice-cream parlour", "taqueria", "taqueria"),
        0.60,
        120,
    ),
    Category("office", "work", 0.066, ()),
    Category("university", "work", 0.010, ()),
    Category("hospital", "work", 0.010, ()),
    Category("school", "work", 0.018, ()),
    Category("workshop", "work", 0.026, ()),
)
CATEGORY_NAMES = tuple(each.name for each in CATEGORIES)
CODE = {name: code for code, name in enumerate(CATEGORY_NAMES)}
IS_WORK = np.array([each.group == "work" for each in CATEGORIES])
IS_MEAL = np.array([each.name in ("ramen bar", "trattoria", "taqueria", "deli") for each in CATEGORIES])
MINUTES = np.array([each.minutes for each in CATEGORIES])
FOLLOW_CHANCE = np.array([each.chance for each in CATEGORIES])
SLOT_CATEGORY = np.array([[float(slot in each.slots) for each in CATEGORIES] for slot in range(len(SLOTS))])

NOWHERE, TO_WORK = -1, -2
FOLLOW = np.array([[{"": NOWHERE, OWN_WORK: TO_WORK}.get(name, CODE.get(name, NOWHERE)) for name in each.follow] for each in CATEGORIES])

INTERESTS: dict[str, dict[str, float]] = {
    "climbing": {"climbing hall": 0.8, "pub": 0.1, "park": 0.1},
    "fitness": {"gym": 0.5, "yoga studio": 0.25, "swimming pool": 0.25},
    "music": {"jazz club": 0.55, "record shop": 0.45},
    "reading": {"bookshop": 0.5, "library": 0.35, "espresso bar": 0.15},
    "stage and screen": {"cinema": 0.6, "theatre": 0.4},
    "art": {"museum": 0.55, "gallery": 0.45},
    "eating out": {"ramen bar": 0.35, "trattoria": 0.35, "taqueria": 0.3},
    "going out": {"cocktail bar": 0.35, "pub": 0.35, "wine bar": 0.3},
    "fresh air": {"park": 0.65, "beach": 0.2, "ice-cream parlour": 0.15},
    "small pleasures": {"bakery": 0.35, "espresso bar": 0.3, "food market": 0.2, "deli": 0.15},
}
INTEREST_NAMES = tuple(INTERESTS)
INTEREST_CATEGORY = np.array([[weights.get(name, 0.0) for name in CATEGORY_NAMES] for weights in INTERESTS.values()])


class Habit(NamedTuple):
    """A recurring visit to the same place, on the same days, at the same hour."""

    slot: int
    days: tuple[int, ...]  # Monday is 0
    category: str


HABITS = (
    Habit(EARLY, (0, 1, 2, 3, 4), "espresso bar"),
    Habit(EARLY, (1, 3), "gym"),
    Habit(EARLY, (0, 2, 4), "swimming pool"),
    Habit(EARLY, (0, 1, 2, 3, 4), "bakery"),
    Habit(EARLY, (2, 4), "yoga studio"),
    Habit(LUNCH, (0, 1, 2, 3, 4), "deli"),
    Habit(LUNCH, (1, 4), "ramen bar"),
    Habit(LUNCH, (0, 3), "taqueria"),
    Habit(AFTER_WORK, (0, 3), "gym"),
    Habit(AFTER_WORK, (2,), "climbing hall"),
    Habit(AFTER_WORK, (4,), "pub"),
    Habit(AFTER_WORK, (1, 3), "library"),
    Habit(AFTER_WORK, (0, 2, 4), "park"),
    Habit(EVENING, (0, 2), "climbing hall"),
    Habit(EVENING, (1,), "cinema"),
    Habit(EVENING, (3,), "jazz club"),
    Habit(EVENING, (4, 5), "wine bar"),
    Habit(EVENING, (6,), "trattoria"),
    Habit(EVENING, (0, 3), "yoga studio"),
    Habit(WEEKEND_MORNING, (5,), "food market"),
    Habit(WEEKEND_MORNING, (6,), "bakery"),
    Habit(WEEKEND_MORNING, (5, 6), "park"),
    Habit(WEEKEND_MORNING, (5,), "gym"),
    Habit(WEEKEND_AFTERNOON, (5,), "bookshop"),
    Habit(WEEKEND_AFTERNOON, (5,), "record shop"),
    Habit(WEEKEND_AFTERNOON, (6,), "museum"),
    Habit(WEEKEND_AFTERNOON, (6,), "gallery"),
    Habit(DAYTIME, (1, 3), "library"),
    Habit(DAYTIME, (0, 2, 4), "espresso bar"),
    Habit(NIGHT, (4, 5), "cocktail bar"),
    Habit(NIGHT, (5,), "jazz club"),
)
HABIT_SLOT = np.array([each.slot for each in HABITS])
HABIT_CATEGORY = np.array([CODE[each.category] for each in HABITS])
HABIT_DAYS = np.array([[float(day in each.days) for day in range(7)] for each in HABITS])
HABIT_INTEREST = (INTEREST_CATEGORY[:, HABIT_CATEGORY] >= 0.19).astype(float)  # (interests, habits)
