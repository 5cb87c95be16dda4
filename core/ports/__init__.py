"""The walls of the house as Protocols: what core and the plugs may ask of the rooms around them."""
