// Commands on keys, whatever their values.
#pragma once

#include "apps/kv/execution.hh"

namespace millrace::kv {

void run_expire(execution& x, arguments args);
void run_pexpire(execution& x, arguments args);
void run_ttl(execution& x, arguments args);
void run_pttl(execution& x, arguments args);
void run_persist(execution& x, arguments args);
void run_type(execution& x, arguments args);

// The parts for one key, or for one shard; see command::piece.
int64_t del_piece(execution& x, std::string_view);
int64_t exists_piece(execution& x, std::string_view);
int64_t dbsize_piece(execution& x, std::string_view);
int64_t flush_piece(execution& x, std::string_view);

}  // namespace millrace::kv
