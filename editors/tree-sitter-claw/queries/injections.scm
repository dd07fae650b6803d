; Made by `clawc grammar --for tree-sitter`, with the grammar.

((block . (identifier) @_kind (label (text_block) @injection.content))
  (#eq? @_kind "python")
  (#offset! @injection.content 0 3 0 -3)
  (#set! injection.language "python"))

((comment) @injection.content
  (#set! injection.language "comment"))
