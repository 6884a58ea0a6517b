"""The data dictionary: every view and column of the catalogue, what it means, who may see it, an example.

It is read from a catalogue that is built of invented days, so that it follows contracts and SQL headers by
itself, marts have examples too, and no cell of the lake can ever stand in it.
"""

from pipelines.dictionary.entries import View, read_views
from pipelines.dictionary.invented import invented_lake
from pipelines.dictionary.written import dictionary_folder, write_dictionary

__all__ = ["View", "dictionary_folder", "invented_lake", "read_views", "write_dictionary"]
