"""What claims and figures read out of the tables that the measure stage wrote. Needs pandas, not torch.

`results` has the tables, `solutions` the models of one setting; the others are about single experiments.
"""
