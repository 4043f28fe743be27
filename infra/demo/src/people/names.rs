//! Names and towns to draw from. Mail addresses are made under `example.com`, which is nobody's.

use crate::messages::Address;

pub(super) const FIRST: [&str; 48] = [
    "Mara", "Jonas", "Elif", "Anton", "Ines", "Pieter", "Sofia", "Lukas", "Freja", "Marc", "Hanna",
    "Tiago", "Clara", "Emil", "Noor", "Felix", "Amélie", "Ruben", "Karin", "Mateo", "Leonie",
    "Oscar", "Beatriz", "Nils", "Yara", "Paul", "Sanne", "Hugo", "Katarina", "Bram", "Alma",
    "Daan", "Greta", "Rafael", "Ida", "Jakob", "Lotte", "Milan", "Teresa", "Sven", "Camille",
    "Aylin", "Henrik", "Olivia", "Tom", "Vera", "Simon", "Julia",
];

pub(super) const LAST: [&str; 48] = [
    "Lindqvist",
    "Becker",
    "Yilmaz",
    "Moreau",
    "Jensen",
    "De Vries",
    "Costa",
    "Novak",
    "Hofer",
    "Klein",
    "Martins",
    "Visser",
    "Wagner",
    "Dubois",
    "Nielsen",
    "Bauer",
    "Ferreira",
    "Janssen",
    "Keller",
    "Laurent",
    "Holm",
    "Schuster",
    "Almeida",
    "Bakker",
    "Fischer",
    "Petit",
    "Madsen",
    "Gruber",
    "Santos",
    "Mulder",
    "Vogel",
    "Garnier",
    "Dahl",
    "Steiner",
    "Lopes",
    "Smit",
    "Krause",
    "Rossi",
    "Berg",
    "Winkler",
    "Pereira",
    "De Boer",
    "Huber",
    "Faure",
    "Lund",
    "Brandt",
    "Silva",
    "Maas",
];

pub(super) const CITIES: [Address; 20] = [
    Address {
        city: "Berlin",
        country: "DE",
    },
    Address {
        city: "Hamburg",
        country: "DE",
    },
    Address {
        city: "München",
        country: "DE",
    },
    Address {
        city: "Köln",
        country: "DE",
    },
    Address {
        city: "Leipzig",
        country: "DE",
    },
    Address {
        city: "Freiburg",
        country: "DE",
    },
    Address {
        city: "Nürnberg",
        country: "DE",
    },
    Address {
        city: "Bremen",
        country: "DE",
    },
    Address {
        city: "Wien",
        country: "AT",
    },
    Address {
        city: "Graz",
        country: "AT",
    },
    Address {
        city: "Innsbruck",
        country: "AT",
    },
    Address {
        city: "Amsterdam",
        country: "NL",
    },
    Address {
        city: "Utrecht",
        country: "NL",
    },
    Address {
        city: "Lyon",
        country: "FR",
    },
    Address {
        city: "Strasbourg",
        country: "FR",
    },
    Address {
        city: "København",
        country: "DK",
    },
    Address {
        city: "Aarhus",
        country: "DK",
    },
    Address {
        city: "Lisboa",
        country: "PT",
    },
    Address {
        city: "Porto",
        country: "PT",
    },
    Address {
        city: "Bologna",
        country: "IT",
    },
];
