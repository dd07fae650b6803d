// Tells line ends that end an item from those before a `|`, which goes on with the item over blank lines and comments.
#include "tree_sitter/parser.h"

#include <stdbool.h>

enum { NEWLINE };

// So far is looked ahead: a run of comments that is longer ends the item.
enum { FAR = 1 << 14 };

void *tree_sitter_claw_external_scanner_create(void) { return 0; }
void tree_sitter_claw_external_scanner_destroy(void *payload) { (void)payload; }
unsigned tree_sitter_claw_external_scanner_serialize(void *payload, char *buffer) {
  (void)payload;
  (void)buffer;
  return 0;
}
void tree_sitter_claw_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  (void)payload;
  (void)buffer;
  (void)length;
}

static bool blank(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == 0xFEFF; }

bool tree_sitter_claw_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  (void)payload;
  if (!valid[NEWLINE]) return false;
  while (blank(lexer->lookahead)) lexer->advance(lexer, true);
  if (lexer->lookahead != '\n') return false;
  while (blank(lexer->lookahead) || lexer->lookahead == '\n') lexer->advance(lexer, false);
  lexer->mark_end(lexer);
  for (int seen = 0; seen < FAR && !lexer->eof(lexer);) {
    if (lexer->lookahead == '|') return false;
    if (blank(lexer->lookahead) || lexer->lookahead == '\n') {
      lexer->advance(lexer, false);
      seen++;
    } else if (lexer->lookahead == '#') {
      while (seen < FAR && lexer->lookahead != '\n' && !lexer->eof(lexer)) {
        lexer->advance(lexer, false);
        seen++;
      }
    } else {
      break;
    }
  }
  lexer->result_symbol = NEWLINE;
  return true;
}
