"""Stand-in servers for the outside systems, over real HTTP, with dials that make them fail on purpose.

One process, one port; each system is a room that mounts its routes beside the others (`server.ROOMS`). The
demo and the tests talk to these servers exactly as the product talks to the vendors. Nothing here imports the
rest of the product but its errors, its settings' published demonstration key and its London days.
"""
