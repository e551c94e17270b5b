// Commands on values. Arguments have been counted; args[0] is the command's name, args[1] the key in x.key.
#pragma once

#include "apps/kv/execution.hh"

namespace millrace::kv {

void run_get(execution& x, arguments args);
void run_set(execution& x, arguments args);
void run_incr(execution& x, arguments args);
void run_decr(execution& x, arguments args);
void run_incrby(execution& x, arguments args);
void run_decrby(execution& x, arguments args);
void run_append(execution& x, arguments args);
void run_strlen(execution& x, arguments args);

// The parts of MGET and MSET for one key; see command::piece.
int64_t mget_piece(execution& x, std::string_view);
int64_t mset_piece(execution& x, std::string_view value);

}  // namespace millrace::kv
