from clawc.spec.grammar.build import main

main()
