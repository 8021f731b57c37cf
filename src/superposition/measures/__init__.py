"""What the measure stage reads off trained models and writes into tables: functions of weights, and data of their own.

`superposition` and `dimensionality` are of all models, `tables` builds the data frames that are stored. What claims and
figures read out of these tables is in superposition/readings.
"""
