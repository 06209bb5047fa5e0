"""The simulated city: the project's own data, with known reasons and known changes, the same for the same seed.

Vellamar is a fictional island. Its people have homes, work, friends, interests, habits by hour and weekday, and a distance
they will go. They view and save places at home, visit them (and rate some visits), and then go on to the next place.

What the default city holds, and any other size in the same proportions:

    events        about 100 a person in 548 days, in outings of 2.4 on average; a third of the people below 60, some above 400;
                  those with a lasting change can expect 110 at least, so that there is something to see on either side
    behaviours    about 20 % views, 7 % saves, 73 % visits; 45 % of the visits are rated, 1 to 5
    people        55 % do not change, 30 % change for good, 15 % for a time only (truth kind `temporary`)
    kinds         of the lasting changes: home 24 %, taste-up 24 %, taste-down 19 %, rhythm 19 %, work 14 % (a person without
                  work who was to change it moves house instead)
    sizes         abrupt total 46 %, gradual total 32 %, abrupt partial 10 %, gradual partial 12 %; gradual takes 40 to 80 days
                  (at most a quarter of the time), partial means that 33 to 67 % of the outings follow the new life;
                  a move reaches only what begins at home, a new job only what begins at work
    temporary     season 40 % (a summer or winter life, every year), trip 33 % (6 to 14 days elsewhere), tourist 27 % (4 to 14
                  days in all); 15 % of those with a lasting change also take a trip, which has a row of its own
    noise         weeks vary (gamma, shape 4), 7 % of outings are whims, one stable person in ten joins late
    causes        by event: follow-up 47 %, taste 32 %, habit 12 %, nearby 6 %, whim 3 %

Time is local to the city (UTC+1, in summer UTC+2) and stored as UTC with its offset. An event's own place is where the person
was: at the place for visits; for views and saves at home, or at work during the working day, give or take 50 m.
"""

from recsys.simulation.city import SimulatedCity, simulate_city

__all__ = ["SimulatedCity", "simulate_city"]
