def net(gross, rate):
    return gross - gross * rate
