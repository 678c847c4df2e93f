"""Nearest-neighbour search of Simile beside other libraries, in one run: `make bench`.

sets     named sets in ann-benchmarks' HDF5 form, and a synthetic one that needs no file
peers/   one small adapter a library; what is not installed is left out
worker   one process for each (peer, set): builds, measures its memory, then answers
rounds   builds every peer, finds its recall per effort, times all of them by turns
recall   how answers are judged
curve    queries a second at a given recall
report   Markdown tables, one a set; plots draws them
"""
