// Memory, recording and clock of backends that run on the host, at once.
#pragma once

#include "kernels/backend.h"

namespace herosweep::kernels::host {

void* allocate(size_t bytes);
void release(void* data);
void copy(void* to, const void* from, size_t bytes);
int64_t time(const std::function<void()>& work);

}  // namespace herosweep::kernels::host
