def net(gross, rate):
    return gross / (1 + rate)
