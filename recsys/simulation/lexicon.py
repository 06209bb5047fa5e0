"""The word lists of the descriptions: data, without logic beyond opening hours."""

from typing import NamedTuple

import numpy as np

from recsys.simulation.categories import CATEGORIES

GROUP_OF_NAME = {each.name: each.group for each in CATEGORIES}

FIRST_NAMES = (
    "Alma", "Aldo", "Bruna", "Brando", "Carla", "Corin", "Dalia", "Dario", "Edda", "Elio", "Fiora", "Fabian", "Gemma", "Gildo",
    "Hedda", "Hugo", "Ilia", "Ines", "Jonas", "Jovana", "Katia", "Kilian", "Lara", "Leandro", "Livia", "Luca", "Mara", "Matteo",
    "Mirela", "Milo", "Nadia", "Nico", "Olga", "Orso", "Paola", "Pavel", "Quirin", "Rina", "Renzo", "Rosa", "Ruben", "Sava",
    "Silvia", "Stefan", "Tamar", "Teo", "Tilda", "Ugo", "Ursa", "Vera", "Valerio", "Wanda", "Willem", "Yara", "Yannis", "Zita",
    "Zeno", "Amira", "Anouk", "Bela", "Ciro", "Delphine", "Emre", "Farid", "Greta", "Hana", "Imre", "Jasna", "Kofi", "Leila",
    "Marek", "Noor", "Otis", "Petra", "Rafael", "Samira", "Tomas", "Ulla", "Viggo", "Xenia",
)  # fmt: skip
LAST_NAMES = (
    "Abano", "Aldessi", "Amaro", "Barosi", "Belcastro", "Bertram", "Bonavia", "Brunetti", "Calder", "Carbone", "Castellan",
    "Cervi", "Colonna", "Corvo", "Dallaporta", "Damiani", "Delmar", "Dorsi", "Ekman", "Falcone", "Farrugia", "Ferrand",
    "Fioravanti", "Galanti", "Gallo", "Garrow", "Grimani", "Halloran", "Iversen", "Jansen", "Kovac", "Lanza", "Laurent",
    "Levanto", "Lindqvist", "Lombard", "Maffei", "Malatesta", "Marchetti", "Marin", "Mercer", "Molnar", "Montero", "Morandi",
    "Nardo", "Navarro", "Novak", "Okafor", "Olivieri", "Orsini", "Pagano", "Palmer", "Pellegrin", "Petrov", "Piras", "Quaglia",
    "Ravel", "Ricci", "Rinaldi", "Rosso", "Sabato", "Salvi", "Santoro", "Saro", "Serra", "Silvan", "Solari", "Spina", "Stern",
    "Tavola", "Tesla", "Tirado", "Toscano", "Urso", "Valente", "Varga", "Venier", "Vidal", "Vitali", "Weiss", "Winther", "Yilmaz",
    "Zanetti", "Zorzi",
)  # fmt: skip
STREETS = (
    "Lantern Street", "Rope Walk", "Cooper's Lane", "Saltgate", "Mill Lane", "Cathedral Steps", "Fig Tree Court", "Anchor Row",
    "Tanner Street", "Orchard Road", "Bell Alley", "Harbour Parade", "Canal Street", "Olive Yard", "Printer's Row", "Sailmaker Street",
    "Vine Street", "Market Cross", "Observatory Hill", "Chandler's Passage", "Weir Street", "Juniper Walk", "Gatehouse Road", "Pier Road",
    "Linden Avenue", "Scholar's Lane", "Copper Street", "Rampart Road", "Ferry Stairs", "Mulberry Close",
)  # fmt: skip
NAME_ADJECTIVES = (
    "Little", "Blue", "Golden", "Quiet", "Crooked", "Painted", "Old", "Green", "Silver", "Lucky", "Northern", "Red", "Velvet", "Wandering",
    "Salty", "Hidden", "White", "Copper", "Hungry", "Lazy", "Early", "Last", "Brave", "Paper",
)  # fmt: skip
NAME_NOUNS = (
    "Heron", "Lantern", "Fig", "Compass", "Anchor", "Sparrow", "Tide", "Kettle", "Swallow", "Olive", "Fox", "Mooring", "Clover", "Lighthouse",
    "Acorn", "Cricket", "Barrel", "Magpie", "Thimble", "Quince", "Otter", "Cartwheel", "Comet", "Juniper", "Button", "Oar", "Walnut", "Pebble",
)  # fmt: skip

NAME_PATTERNS: dict[str, tuple[str, ...]] = {
    "espresso bar": (
        "Caffè {last}",
        "{last} Espresso",
        "The {adjective} {noun} Coffee",
        "Bar {first}",
        "{noun} & Grind",
        "{street} Coffee Bar",
    ),
    "bakery": ("{last}'s Bakery", "Forno {last}", "The {adjective} Loaf", "{noun} Bakehouse", "Bread on {street}", "{first} Bakes"),
    "juice bar": ("{noun} Juice", "Pressed on {street}", "{first}'s Juice Bar", "The {adjective} Carrot", "{adjective} {noun} Juicery"),
    "ice-cream parlour": ("Gelato {last}", "The {adjective} Cone", "{first}'s Ices", "{noun} Gelateria", "Cream of {street}"),
    "museum café": (
        "The {noun} Room Café",
        "Café {last}, by the museum",
        "The {adjective} Gallery Café",
        "{street} Museum Café",
        "Café {noun}",
    ),
    "ramen bar": (
        "{noun} Ramen",
        "Ramen {first}",
        "The {adjective} Noodle",
        "Menya {last}",
        "{street} Ramen",
        "{adjective} {noun} Noodles",
    ),
    "trattoria": ("Trattoria {last}", "Da {first}", "Osteria del {noun}", "The {adjective} Table", "{last} & {first}", "Cucina {street}"),
    "taqueria": ("Taqueria {first}", "El {noun}", "{adjective} {noun} Tacos", "Tacos {last}", "{street} Taqueria"),
    "deli": ("{last}'s Deli", "{noun} & Rye", "The {adjective} Pantry", "{street} Delicatessen", "{first}'s Lunch Counter"),
    "food market": ("{street} Market Hall", "{last} Food Market", "The {adjective} {noun} Market", "Market at {street}"),
    "wine bar": ("Enoteca {last}", "The {adjective} Cork", "{noun} Wine Rooms", "Bottle & {noun}", "Cantina {first}"),
    "cocktail bar": ("The {adjective} {noun}", "{last} & Tonic", "Bar {noun}", "Room {first}", "{street} Social"),
    "pub": ("The {adjective} {noun}", "The {noun} Inn", "{last} Arms", "The {noun} and {last}", "{street} Taproom"),
    "jazz club": ("Club {noun}", "The {adjective} Note", "{first}'s Jazz Cellar", "{last} Jazz Room", "Blue {street}"),
    "cinema": ("Cinema {last}", "The {noun} Picture House", "{adjective} {noun} Cinema", "{street} Kino", "Odeon {first}"),
    "theatre": ("Teatro {last}", "The {noun} Theatre", "{street} Playhouse", "The {adjective} Stage", "{last} Studio Theatre"),
    "museum": ("{last} Museum", "Museum of the {noun}", "The {adjective} {noun} Museum", "{street} Museum", "House of {last}"),
    "gallery": ("{last} Gallery", "Galerie {first}", "The {adjective} Frame", "{noun} Contemporary", "{street} Art Rooms"),
    "bookshop": ("{last} Books", "The {adjective} Page", "{noun} & Quill", "{street} Bookshop", "{first}'s Second Shelf", "{noun} Books"),
    "library": ("{last} Library", "{street} Library", "The {noun} Reading Room", "{street} Branch Library"),
    "record shop": ("{noun} Records", "{last}'s Vinyl", "The {adjective} Groove", "{street} Records", "{first} Spins"),
    "gym": ("{noun} Gym", "{last} Strength", "{street} Fitness", "The {adjective} Barbell", "{last} Training Rooms"),
    "climbing hall": ("{noun} Climbing", "The {adjective} Wall", "{last} Boulder Hall", "{street} Climbing Centre", "Crux {noun}"),
    "swimming pool": ("{street} Baths", "{last} Pool", "The {adjective} Lido", "{noun} Swimming Hall"),
    "yoga studio": ("{noun} Yoga", "{first}'s Yoga Loft", "The {adjective} Mat", "Studio {last}", "{street} Yoga"),
    "park": ("{last} Gardens", "{street} Green", "{noun} Park", "The {adjective} Meadow", "{last} Park"),
    "beach": ("{noun} Cove", "{last} Beach", "The {adjective} Strand", "{noun} Point Beach", "{adjective} {noun} Sands"),
    "office": ("{last} & {noun}", "{noun} Systems", "{last} Partners", "{street} Offices", "{noun} Studio Works", "{last} Shipping"),
    "university": ("{last} Institute", "Faculty of {street}", "{last} College", "{noun} Hall"),
    "hospital": ("{last} Hospital", "{street} Clinic", "Saint {first}'s Hospital", "{last} Infirmary"),
    "school": ("{street} School", "{last} Academy", "Saint {first}'s School", "{noun} Primary"),
    "workshop": ("{last} Joinery", "{noun} Print Works", "{last} & Sons Boatyard", "{street} Workshops", "{noun} Ceramics"),
}


class Facts(NamedTuple):
    """Facts of a category of places: its common names, its specialities (noun phrases) and its range of opening hours."""

    kinds: tuple[str, ...]
    specialities: tuple[str, ...]
    opens: tuple[int, int]
    closes: tuple[int, int]


FACTS: dict[str, Facts] = {
    "espresso bar": Facts(("espresso bar", "coffee counter", "standing-room coffee bar", "café"), ("a short, dark house roast", "single-origin pour-overs", "pistachio cornetti", "iced shakerato", "oat-milk cortados", "beans roasted in the back", "almond biscotti", "a hand-lever machine", "cinnamon cappuccino"), (6, 8), (15, 19)),
    "bakery": Facts(("bakery", "neighbourhood baker", "bakehouse", "bread shop"), ("sourdough from a wood oven", "rosemary focaccia", "sesame rings", "cardamom knots", "rye with caraway", "apricot tarts", "olive bread", "orange-blossom brioche", "flatbread straight off the stone"), (6, 7), (13, 18)),
    "juice bar": Facts(("juice bar", "smoothie counter", "pressed-juice window"), ("carrot, ginger and turmeric", "a green juice with fennel", "beetroot shots", "açai bowls", "blood-orange juice in winter", "protein shakes with banana and oats", "cucumber water"), (7, 9), (16, 20)),
    "ice-cream parlour": Facts(("ice-cream parlour", "gelateria", "ice-cream window"), ("salted fig gelato", "lemon granita", "hazelnut made without milk", "ricotta and honey", "a rotating sour-cherry sorbet", "sundaes big enough for three", "stracciatella churned twice a day"), (11, 13), (21, 23)),
    "museum café": Facts(("museum café", "courtyard café", "café behind the galleries"), ("lemon drizzle cake", "open sandwiches", "loose-leaf tea", "quiche of the day", "a terrace under the plane trees", "almond cake by the slice", "soup with good bread"), (9, 10), (17, 18)),
    "ramen bar": Facts(("ramen bar", "noodle counter", "ramen kitchen"), ("tonkotsu broth cooked for eighteen hours", "shoyu ramen with clams", "spicy tantanmen", "miso ramen with corn", "vegan kombu broth", "pork gyoza", "cold noodles in summer", "yuzu shio"), (11, 12), (22, 25)),
    "trattoria": Facts(("trattoria", "family restaurant", "kitchen with white tablecloths", "osteria"), ("trofie with pesto", "squid-ink risotto", "slow-braised rabbit", "anchovies three ways", "chestnut gnocchi", "grilled sea bream", "stuffed aubergine", "chickpea farinata", "a short wine list from the hills"), (12, 13), (22, 24)),
    "taqueria": Facts(("taqueria", "taco stand with chairs", "taco kitchen"), ("al pastor off the spit", "fish tacos with pickled cabbage", "mushroom quesadillas", "charred-corn esquites", "a fierce habanero salsa", "slow-cooked beef barbacoa", "hibiscus water"), (11, 13), (21, 24)),
    "deli": Facts(("deli", "lunch counter", "delicatessen"), ("pastrami on rye", "roast-vegetable panini", "tuna and caper rolls", "daily soups", "marinated artichokes", "mortadella sandwiches", "lentil salad by weight", "house pickles"), (8, 10), (16, 19)),
    "food market": Facts(("food market", "covered market", "market hall"), ("line-caught fish", "tomatoes from the island's south", "goat's cheese from a single herd", "oysters opened while you wait", "dried herbs", "stone fruit in season", "honey from rooftop hives"), (7, 8), (13, 15)),
    "wine bar": Facts(("wine bar", "cellar bar", "bottle shop with tables"), ("orange wine by the glass", "volcanic whites", "a wall of vermouth", "boards of aged cheese", "sparkling reds", "small growers only", "salt-cod croquettes"), (16, 18), (23, 25)),
    "cocktail bar": Facts(("cocktail bar", "small bar", "bar with no sign outside"), ("negronis on draught", "mezcal sours", "house bitters", "a menu that changes with the moon", "alcohol-free cocktails that are no afterthought", "martinis stirred at the table", "basil smashes"), (18, 20), (25, 27)),
    "pub": Facts(("pub", "taproom", "corner local"), ("cask ale from the island brewery", "a quiz on slow evenings", "pies with suet crust", "darts in the back room", "cloudy cider", "sixteen taps", "an open fire", "live football on one screen only"), (12, 16), (23, 25)),
    "jazz club": Facts(("jazz club", "cellar with a stage", "music room"), ("hard bop quartets", "a resident organ trio", "late jam sessions", "vocal nights by candle-light", "Latin jazz big bands", "free improvisation", "tribute sets to Mingus and Monk"), (19, 20), (25, 26)),
    "cinema": Facts(("cinema", "picture house", "film theatre"), ("silent films with a pianist", "documentaries in the small hall", "double bills", "restored classics on 35 mm", "films in their own language", "midnight horror", "a bar inside the foyer"), (13, 16), (23, 25)),
    "theatre": Facts(("theatre", "playhouse", "stage"), ("new island playwrights", "puppetry for grown-ups", "chamber opera", "contemporary dance", "Shakespeare in the round", "improvised comedy", "one-person shows"), (17, 18), (22, 23)),
    "museum": Facts(("museum", "collection", "small museum"), ("ship models and sea charts", "Roman glass", "two rooms of telescopes", "fishing costumes", "a whale skeleton", "the island's printing presses", "maps of places that never existed", "natural history drawers you may open"), (9, 11), (17, 19)),
    "gallery": Facts(("gallery", "exhibition space", "art room"), ("young photographers", "ceramics and textiles", "large abstract canvases", "video installations", "prints under glass", "a sculpture yard", "portraits of dock workers"), (10, 12), (18, 20)),
    "bookshop": Facts(("bookshop", "second-hand bookshop", "shop full of books"), ("poetry in five languages", "sea stories", "crime novels with yellow spines", "children's books upstairs", "old atlases", "readings with the author", "graphic novels", "first editions behind glass"), (9, 11), (18, 21)),
    "library": Facts(("library", "reading room", "branch library"), ("quiet desks with lamps", "local newspapers back to the first issue", "a music score collection", "story hours", "study rooms to book", "a garden to read in"), (8, 10), (18, 21)),
    "record shop": Facts(("record shop", "vinyl shop", "music shop"), ("second-hand jazz", "West African reissues", "listening booths", "seven-inch singles", "island bands on cassette", "techno twelve-inches", "a repair bench for turntables"), (10, 12), (18, 20)),
    "gym": Facts(("gym", "training hall", "fitness club"), ("free weights and little else", "rowing machines with a view", "early circuits", "a boxing ring", "coached deadlifts", "classes for beginners", "a sauna"), (5, 7), (21, 23)),
    "climbing hall": Facts(("climbing hall", "boulder hall", "climbing centre"), ("fourteen-metre lead walls", "boulder problems reset every week", "a steep training board", "rope courses for beginners", "a slackline corner", "routes named after islanders"), (9, 11), (22, 23)),
    "swimming pool": Facts(("swimming pool", "public baths", "indoor pool"), ("fifty-metre lanes", "a seawater pool", "steam rooms from another century", "aqua classes", "diving boards", "quiet lanes for slow swimmers"), (6, 7), (20, 22)),
    "yoga studio": Facts(("yoga studio", "movement studio", "yoga loft"), ("sunrise vinyasa", "yin by candle-light", "ashtanga for the patient", "breathing courses", "pre-natal classes", "pay-what-you-can Fridays"), (6, 8), (20, 22)),
    "park": Facts(("park", "public garden", "green space"), ("a rose garden", "chess tables", "wide lawns for ball games", "a duck pond", "old cork oaks", "an open-air stage", "running loops with distance posts", "a dog meadow"), (6, 7), (20, 23)),
    "beach": Facts(("beach", "stretch of sand", "bathing place"), ("shallow water for children", "rock pools", "board rental", "volleyball nets", "changing huts in stripes", "evening swims under lamps"), (7, 8), (20, 22)),
    "office": Facts(("office", "office floor", "company"), ("harbour software", "marine insurance", "architecture and planning", "translations", "solar-panel design", "freight forwarding", "accounts for small shops"), (7, 8), (17, 19)),
    "university": Facts(("university building", "faculty", "college"), ("oceanography", "law", "restoration of paintings", "mathematics", "modern languages", "civil engineering"), (7, 8), (20, 22)),
    "hospital": Facts(("hospital", "clinic"), ("a children's ward", "sports medicine", "heart surgery", "an eye department", "day surgery"), (6, 7), (20, 22)),
    "school": Facts(("school",), ("a school orchestra", "science laboratories", "sailing lessons", "bilingual classes", "a kitchen garden"), (7, 8), (16, 18)),
    "workshop": Facts(("workshop", "craft business", "yard"), ("wooden boats", "letterpress printing", "bicycle frames", "stage scenery", "glazed tiles", "furniture from reclaimed doors"), (7, 8), (16, 18)),
}  # fmt: skip

MOODS = (
    "unhurried", "bright and noisy", "dim and warm", "friendly in a gruff way", "calm even when full", "a little shabby, on purpose", "spotless",
    "cheerful", "old-fashioned", "airy", "cosy when it rains", "lively", "plain and honest", "slightly theatrical", "relaxed", "crowded but kind",
    "quietly elegant", "full of plants", "bohemian", "brisk", "sunlit until late", "hushed", "playful", "rough around the edges",
)  # fmt: skip
AIRS = (
    "unhurried", "bright", "calm", "spotless", "cheerful", "old-fashioned", "airy", "cosy", "lively", "plain", "quiet", "elegant", "bohemian",
    "brisk", "sunlit", "playful", "shabby", "crowded", "narrow", "high-ceilinged", "green-painted", "much-loved", "little-known", "stubborn",
)  # fmt: skip
OPEN_AIR_MOODS = (
    "unhurried", "windy and bright", "calm even when full", "cheerful", "shady in the afternoon", "lively", "sunlit until late", "hushed at dawn",
    "playful", "a little wild", "full of birds", "wide and quiet",
)  # fmt: skip
OPEN_AIR_HISTORIES = (
    "a rope-maker's field", "a parade ground", "an orchard", "a shipbreaker's yard", "the bishop's kitchen garden", "a quarry", "a cattle market",
    "allotments",
)  # fmt: skip
HISTORIES = (
    "a net-mender's shed", "a customs office", "a chapel", "a bank", "two fishermen's houses", "a tram depot", "a printing shop", "a sugar store",
    "a girls' school", "a pharmacy", "an ice factory", "a stable", "a sailors' hostel", "a lamp shop", "a pump house",
)  # fmt: skip
CROWDS: dict[str, tuple[str, ...]] = {
    "coffee and bakery": (
        "commuters in a hurry",
        "students with laptops",
        "market traders",
        "parents after the school run",
        "retired captains",
    ),
    "food": (
        "families",
        "couples on a first date",
        "night-shift nurses",
        "office workers",
        "cooks on their evening off",
        "people eating alone, happily",
    ),
    "nightlife": (
        "dock workers and professors",
        "a young crowd",
        "regulars who have their own stools",
        "musicians after work",
        "birthday parties",
    ),
    "culture": ("curious visitors", "school classes", "collectors", "people sheltering from the rain", "students", "old friends"),
    "sport": ("early risers", "beginners", "people training for the island marathon", "office teams", "serious amateurs", "night owls"),
    "outdoors": ("dog owners", "runners", "families with picnic rugs", "card players", "teenagers", "painters"),
    "work": ("engineers", "apprentices", "about forty people", "three generations of staff", "newcomers from the mainland"),
}
OPENINGS = (
    "{name} is a {air} {kind} {hint}.",
    "A {kind} in {district}, {hint}.",
    "You find this {kind} on {street}, {hint}.",
    "On {street} in {district}, {name} has been a {kind} since {year}.",
    "{first} {last} runs this {kind} in {district}.",
    "In {district} people say '{name}' when they mean {speciality}.",
    "First of all {speciality}: that is {name}.",
    "Small, {air} and {hint}: a {kind} worth the walk.",
    "Ask in {district} for a {kind} and somebody will point you here.",
    "This {kind} sits {hint}, behind a door with the number {number}.",
    "What began as {history} is now a {kind}.",
    "{name} keeps it simple: {speciality} and {second}.",
    "There is only one reason to look for number {number}, {street}, and it is {speciality}.",
    "The {last} family's {kind}, {mood} and well known across {district}.",
    "Half of {district} passes through this {kind} in a week.",
    "Opened in {year}, {name} is the {kind} that {district} grew up with.",
    "A {air} {kind} that does not need a sign.",
    "Come for {speciality}, stay because it is {mood}.",
)
FRAMES: dict[str, tuple[str, ...]] = {
    "speciality": (
        "Known for {speciality}.", "Best: {speciality}, closely followed by {second}.", "Regulars swear by {speciality}.",
        "People cross the river for {second}.", "{second} and {third} are the reasons to come back.", "Do not leave without {speciality}.",
        "The house is proud of {third}.", "Expect {second}, {third} and little fuss.", "There is a queue for {third} at weekends.",
        "It made its name with {second}.", "Newer, and already talked about: {third}.", "{first} {last} added {second} two years ago.",
    ),
    "mood": (
        "The mood is {mood}.", "It feels {mood}, at weekends {other_mood}.", "Inside it is {mood}.", "{mood} on most days.",
        "Locals call it {mood}.", "Visitors remember how {air} it was.", "Not for everyone: {mood}, and proud of it.",
    ),
    "crowd": (
        "You will meet {crowd}.", "A favourite of {crowd}.", "Mostly {crowd}, some visitors.", "{crowd} set the tone.",
        "On Thursdays it belongs to {crowd}.", "Built for {crowd}, open to all.", "Popular with {crowd}.",
    ),
    "hours": (
        "Open {hours}.", "Doors are open {hours}.", "{hours}, longer in summer.", "Keeps its own hours: {hours}.",
        "Hours: {hours}.", "You can drop in {hours}.",
    ),
    "history": (
        "The building was once {history}.", "Since {year}, in what used to be {history}.", "{last} and a cousin rebuilt it in {year}.",
        "It moved here from {street} in {year}.", "The old sign of {history} still hangs by the door.", "Three owners, one idea, since {year}.",
        "A fire in {year} spared only the staircase.",
    ),
    "open air": (
        "The ground was once {history}.", "Laid out in {year} on what used to be {history}.", "{last} left it to the city in {year}.",
        "Until {year} it was {history}.", "Saved from the builders in {year}.",
    ),
}  # fmt: skip
PRACTICAL: dict[str, tuple[str, ...]] = {
    "coffee and bakery": ("Cash only.", "Four stools, no more.", "Takeaway cups carry a deposit.", "There is a bench outside.", "Dogs get a biscuit.", "Sells out by noon."),
    "food": ("Book for Saturdays.", "No reservations.", "A table outside takes some luck.", "Half portions on request.", "Vegetarians are looked after.", "Mains from {number} crowns."),
    "nightlife": ("No entrance fee before ten.", "Card only after midnight.", "The terrace closes at eleven.", "The band starts late.", "Stand at the bar and be patient."),
    "culture": ("Free on the first Sunday of the month.", "Students pay half.", "There is a lift at the back.", "Bags go in a locker.", "Guided tours on request.", "Photographs are welcome."),
    "sport": ("Day passes at the desk.", "Showers are hot and free.", "Bring your own lock.", "First visit free.", "Lockers cost a coin.", "Membership by the month."),
    "outdoors": ("No dogs on the grass.", "Benches face west.", "A kiosk sells water.", "Lit until late.", "Bicycles at walking pace.", "The gate on {street} is the quiet one."),
    "work": ("Visitors report at the desk on {street}.", "Deliveries round the back.", "There is a canteen.", "Bicycle racks in the yard.", "Ring twice."),
}  # fmt: skip
OPEN_AIR_OPENINGS = (
    "A {kind} in {district}, {hint}.",
    "{name} lies {hint}, a {air} {kind} with more corners than the map shows.",
    "Laid out in {year}, {name} is the {kind} that {district} grew up with.",
    "Half of {district} passes through this {kind} in a week.",
    "What began as {history} is now a {kind}.",
    "In {district} people say '{name}' when they mean {speciality}.",
    "Enter from {street}: a {kind}, {hint}.",
    "First of all {speciality}: that is {name}.",
    "Come for {speciality}, stay because it is {mood}.",
    "Ask in {district} for a {kind} and somebody will point you here.",
)
CLOSINGS = (
    "Worth a detour.", "Nobody rushes you.", "Tram 4 stops outside.", "Ask for {first}.", "Bring time.", "Go once and you will see why.",
    "Easier to find by ear than by map.", "Rain or shine.", "The view is free.", "It has never advertised.",
)  # fmt: skip

_DAYS = ("every day", "Tuesday to Sunday", "Monday to Saturday", "every day but Wednesday", "Wednesday to Sunday", "all week")
_WORKDAYS = ("Monday to Friday", "on weekdays", "Monday to Saturday")


def opening_hours(rng: np.random.Generator, category: str) -> list[str]:
    """Return opening hours that fit a category, such as 'Tuesday to Sunday, 7:30 to 18:00'."""
    facts = FACTS[category]
    days = _WORKDAYS if GROUP_OF_NAME[category] == "work" else _DAYS
    opens, closes = int(rng.integers(facts.opens[0], facts.opens[1] + 1)), int(rng.integers(facts.closes[0], facts.closes[1] + 1))
    half = "30" if rng.random() < 0.35 else "00"
    return [f"{days[int(rng.integers(len(days)))]}, {opens}:{half} to {closes % 24}:00"]
