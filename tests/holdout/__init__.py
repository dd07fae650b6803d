"""Wrong and right answers by operators that are independent of those of `clawc test`: how often is a verdict mistaken?"""
