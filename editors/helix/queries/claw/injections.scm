; Made by `clawc grammar --for tree-sitter`, with the grammar.

((comment) @injection.content
  (#set! injection.language "comment"))
