"""Whether this machine computes the same bits as every other: python -m superposition.selfcheck

Does a little of all that the pipeline computes with numbers, and compares digests of what comes out with the committed
ones: `training` of tiny models, the functions and sums of `arithmetic`, and every table of `tables` that the measure
stage can store. Takes seconds.
"""
