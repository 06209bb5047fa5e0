"""The simulated city: the project's own data, with known reasons and known changes, the same for the same seed.

Vellamar is a fictional island. Its people have homes, work, friends, interests, habits by hour and weekday, and a distance
they will go. They view and save places at home, visit them (and rate some visits), and then go on to the next place.

What the default city holds, and any other size in the same proportions:

    events        100 a person in 548 days, in outings of 2.5 on average; half the people below 80, some above 400
    behaviours    about 24 % views, 7 % saves, 69 % visits; 45 % of the visits are rated, 1 to 5
    people        55 % do not change, 30 % change for good, 15 % for a time only (truth kind `temporary`)
    kinds         of the lasting changes: home 24 %, taste-up 24 %, work 18 %, taste-down 17 %, rhythm 17 % (a person without
                  work who was to change it moves house instead)
    sizes         abrupt total 40 %, gradual total 25 %, abrupt partial 15 %, gradual partial 20 %; gradual takes 40 to 80 days
                  (at most a quarter of the time), partial means that 34 to 60 % of the outings follow the new life
    temporary     season 40 % (a summer or winter life, every year), trip 33 % (6 to 14 days elsewhere), tourist 27 % (4 to 14
                  days in all); 15 % of those with a lasting change also take a trip, which has a row of its own
    noise         weeks vary (gamma, shape 2.5), 7 % of outings are whims, one stable person in ten joins late
    causes        by event: follow-up, habit, nearby, taste, whim

Time is local to the city (UTC+1, in summer UTC+2) and stored as UTC with its offset. An event's own place is where the person
was: at the place for visits, at home (within about 60 m) for views and saves.
"""

from recsys.datasets.simulate.city import SimulatedCity, simulate

__all__ = ["SimulatedCity", "simulate"]
