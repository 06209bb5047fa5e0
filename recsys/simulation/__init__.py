"""The simulated city: a dataset with a known cause for every event and known drifts, identical for the same seed.

Vellamar is a fictional island. Its residents have homes, work, friends, interests, habits by hour and weekday, and a typical distance
that they travel. They view and save places at home, visit them (and rate some visits), and continue to a next place.

Contents of the default city; other sizes have the same proportions:

    events        about 100 per resident in 548 days, in outings of 2.4 on average; a third of the residents below 60, some above
                  400; at least 110 expected for residents with a lasting change, to have enough on either side of it
    behaviours    about 20 % views, 7 % saves, 73 % visits; 45 % of the visits are rated, 1 to 5
    residents     55 % stable, 30 % with a lasting change, 15 % with a temporary one (truth kind `temporary`)
    kinds         of the lasting changes: home 24 %, taste-up 24 %, taste-down 19 %, rhythm 19 %, work 14 % (residents without
                  work move house instead)
    sizes         abrupt total 46 %, gradual total 32 %, abrupt partial 10 %, gradual partial 12 %; gradual takes 40 to 80 days
                  (at most a quarter of the time), partial means that 33 to 67 % of the outings follow the new
                  behaviour; a move affects only outings from home, a new job only outings from work
    temporary     season 40 % (other behaviour every summer or winter), trip 33 % (6 to 14 days elsewhere), tourist 27 % (4 to 14
                  days in all); 15 % of the residents with a lasting change also take a trip, with its own row in the truth
    noise         weeks vary (gamma, shape 4), 7 % of outings are whims, one stable resident in ten joins late
    causes        by event: follow-up 47 %, taste 32 %, habit 12 %, nearby 6 %, whim 3 %

Time is local to the city (UTC+1, in summer UTC+2) and stored as UTC with its offset. The place of an event is that of the resident: the
place itself for visits; for views and saves home, or work during the working day, within about 50 m.
"""

from recsys.simulation.city import SimulatedCity, simulate_city

__all__ = ["SimulatedCity", "simulate_city"]
