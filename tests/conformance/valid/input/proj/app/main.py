print("a")
# TODO: one
