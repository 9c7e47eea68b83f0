"""The whole demo city in memory, made in one fixed order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arterials import make_main_roads
from .blocks import Blocks, make_blocks
from .corridors import Corridors
from .dangers import make_dangers
from .firms import Firms, make_firms
from .hazards import Hazards, make_hazards
from .land import Land, make_land
from .motorways import make_axes, make_motorways
from .network import Roads, finish
from .pipelines import Pipe, make_pipelines, make_trunks
from .places import Buildings, Places, keep_out, make_buildings, make_places
from .plan import Plan
from .points import make_points
from .rescue import Rescue, make_history, make_lots, make_rescue
from .streets import make_streets
from .towns import Park, People, Towns, make_parks, make_people, make_towns


@dataclass
class City:
    """Everything the files are written from, in local metres."""

    plan: Plan
    land: Land
    towns: Towns
    parks: list[Park]
    people: People
    roads: Roads
    blocks: Blocks
    firms: Firms
    hazards: Hazards
    pipes: list[Pipe]
    lots: list[dict]
    places: Places
    buildings: Buildings
    rescue: Rescue
    accidents: list[dict]
    dangers: list[dict]
    planted_dangers: dict
    points: list[dict]


def make_city(plan: Plan) -> City:
    """Land, towns, roads, firms, hazards, pipelines, places, rescue, in this order; nothing is seeded yet."""
    land = make_land(plan)
    towns = make_towns(plan, land)
    parks = make_parks(plan, land, towns)
    people = make_people(plan, land, towns, parks)
    ways = Corridors(plan, land, towns, parks)
    axes = make_axes(plan, land, ways)
    motorways = [axis for _, axis in axes]
    main = make_main_roads(plan, land, towns, parks, ways, motorways)
    net = make_streets(plan, land, towns, parks, people, main)
    links = make_motorways(axes, land, net)
    roads = finish(plan, net, links)
    trunks = make_trunks(plan, land, parks, ways, [*motorways, *main.through])
    blocks = make_blocks(plan, land, parks, people, roads, [pipe.line for pipe in trunks])
    firms = make_firms(plan, towns, parks, people, roads, blocks)
    hazards = make_hazards(plan, land, towns, parks, people, firms, blocks, roads)
    pipes = make_pipelines(plan, towns, parks, ways, roads, hazards, trunks)
    lots = make_lots(plan, towns, parks, roads, blocks.ground, links)
    hazmat_lots = np.array([row["xy"] for row in lots if row["kind"] == "危化品"])
    away = keep_out(hazards, pipes, hazmat_lots)
    places = make_places(plan, towns, parks, people, roads, blocks, away)
    buildings = make_buildings(plan, towns, roads, blocks, pipes, away)
    rescue = make_rescue(plan, land, towns, parks, roads, blocks.ground, places)
    accidents = make_history(plan, hazards)
    dangers, planted = make_dangers(plan, firms, hazards)
    return City(
        plan,
        land,
        towns,
        parks,
        people,
        roads,
        blocks,
        firms,
        hazards,
        pipes,
        lots,
        places,
        buildings,
        rescue,
        accidents,
        dangers,
        planted,
        make_points(plan, towns, roads, firms, hazards, places),
    )
