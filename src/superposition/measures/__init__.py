"""What is read off a trained model: norms, superposition and dimensionality of its features, and the tables of them.

`superposition` and `dimensionality` are functions of weights, `tables` builds the data frames that are stored, and
`results` reads them back for claims, figures and the report. These apply `neurons`, `polytopes`, `phases` and
`computation` to them, which measure what single experiments are about.
"""
