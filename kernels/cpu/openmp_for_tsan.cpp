// What orders the threads of a parallel region, told to the thread sanitizer: libgomp synchronises
// them with futexes in code that is not instrumented, so that every region would look like a race.
// Part of builds with -fsanitize=thread alone, which link it by ld --wrap.
extern "C" {

void __tsan_acquire(void* address);
void __tsan_release(void* address);

void __real_GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags);
void __real_GOMP_barrier();

}  // extern "C"

namespace {

struct Region {
  void (*body)(void*);
  void* data;
  char begin = 0, end = 0;  // their addresses name what happened before
};

char barrier = 0;

__attribute__((no_sanitize_thread)) void run(void* data) {
  auto* region = static_cast<Region*>(data);
  __tsan_acquire(&region->begin);
  region->body(region->data);
  __tsan_release(&region->end);
}

}  // namespace

extern "C" {

__attribute__((no_sanitize_thread)) void __wrap_GOMP_parallel(void (*body)(void*), void* data,
                                                              unsigned threads, unsigned flags) {
  Region region{body, data};
  __tsan_release(&region.begin);
  __real_GOMP_parallel(run, &region, threads, flags);
  __tsan_acquire(&region.end);
}

void __wrap_GOMP_barrier() {
  __tsan_release(&barrier);
  __real_GOMP_barrier();
  __tsan_acquire(&barrier);
}

}  // extern "C"
