// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bytes and branches: hashes, text, byte code, recursion, virtual calls, printf and assert.
#ifdef __CUDACC_RTC__
using uint8_t = unsigned char;
using uint32_t = unsigned;
using int8_t = signed char;
#else
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <new>
#endif

__device__ uint32_t rotr(uint32_t v, int n) { return v >> n | v << (32 - n); }
__constant__ uint32_t kSha[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// SHA-256 of messages of up to 55 bytes, one per thread.
extern "C" __global__ void sha256(const uint8_t *messages, const int *lengths, int stride, uint32_t *digests, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  uint32_t w[64];
  int length = lengths[i];
  for (int k = 0; k < 16; ++k) {
    uint32_t word = 0;
    for (int b = 0; b < 4; ++b) {
      int at = 4 * k + b;
      uint32_t byte = at < length ? messages[i * stride + at] : at == length ? 0x80 : 0;
      word = word << 8 | byte;
    }
    w[k] = word;
  }
  w[15] = uint32_t(length) * 8;
  for (int k = 16; k < 64; ++k) {
    uint32_t s0 = rotr(w[k - 15], 7) ^ rotr(w[k - 15], 18) ^ w[k - 15] >> 3;
    uint32_t s1 = rotr(w[k - 2], 17) ^ rotr(w[k - 2], 19) ^ w[k - 2] >> 10;
    w[k] = w[k - 16] + s0 + w[k - 7] + s1;
  }
  uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, s[8];
  for (int k = 0; k < 8; ++k)
    s[k] = h[k];
#pragma unroll 1
  for (int k = 0; k < 64; ++k) {
    uint32_t s1 = rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25), ch = (s[4] & s[5]) ^ (~s[4] & s[6]);
    uint32_t t1 = s[7] + s1 + ch + kSha[k] + w[k];
    uint32_t s0 = rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22);
    uint32_t t2 = s0 + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (int r = 7; r > 0; --r)
      s[r] = s[r - 1];
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int k = 0; k < 8; ++k)
    digests[8 * i + k] = h[k] + s[k];
}

// A stack machine: each thread runs the same code on its own number.
enum Code : uint8_t { Push, Add, Sub, Mul, Dup, Swap, Jnz, Arg, Halt, Div, Over, Drop, Xor, Shr, Jmp, Not };
extern "C" __global__ void byteCode(const uint8_t *code, const int *args, int *results, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int stack[16], top = 0;
  for (int pc = 0, steps = 0; steps < 1000; ++steps) {
    int a = top > 0 ? stack[top - 1] : 0, b = top > 1 ? stack[top - 2] : 0;
    switch (code[pc++]) {
    case Push: stack[top++] = (int8_t)code[pc++]; break;
    case Add: stack[--top - 1] = b + a; break;
    case Sub: stack[--top - 1] = b - a; break;
    case Mul: stack[--top - 1] = b * a; break;
    case Div: stack[--top - 1] = a ? b / a : 0; break;
    case Xor: stack[--top - 1] = b ^ a; break;
    case Shr: stack[--top - 1] = b >> (a & 31); break;
    case Dup: stack[top++] = a; break;
    case Over: stack[top++] = b; break;
    case Drop: --top; break;
    case Swap: stack[top - 1] = b; stack[top - 2] = a; break;
    case Not: stack[top - 1] = ~a; break;
    case Jnz: --top; pc = a ? code[pc] : pc + 1; break;
    case Jmp: pc = code[pc]; break;
    case Arg: stack[top++] = args[i]; break;
    case Halt: results[i] = a; return;
    }
  }
  results[i] = -1;
}

// Numbers as text and back; counts words of the line that belongs to the thread.
__device__ int format(char *to, int v) {
  char digits[12];
  int n = 0, length = 0;
  unsigned u = v < 0 ? 0u - unsigned(v) : unsigned(v);
  do
    digits[n++] = char('0' + u % 10);
  while (u /= 10);
  if (v < 0)
    to[length++] = '-';
  while (n)
    to[length++] = digits[--n];
  to[length] = 0;
  return length;
}
__device__ int parse(const char *from) {
  bool minus = *from == '-';
  unsigned u = 0;
  for (from += minus; *from >= '0' && *from <= '9'; ++from)
    u = u * 10 + unsigned(*from - '0');
  return int(minus ? 0 - u : u);
}
extern "C" __global__ void numbers(const int *in, char *text, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  char *line = text + 16 * i;
  int length = format(line, in[i]);
  out[i] = parse(line) ^ length;
}

// Recursion on each thread's own stack.
__device__ __noinline__ int ackermann(int m, int n) {
  return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}
__device__ __noinline__ void quickSort(int *data, int low, int high) {
  if (low >= high)
    return;
  int pivot = data[(low + high) / 2], i = low, j = high;
  while (i <= j) {
    while (data[i] < pivot)
      ++i;
    while (data[j] > pivot)
      --j;
    if (i <= j) {
      int t = data[i];
      data[i++] = data[j];
      data[j--] = t;
    }
  }
  quickSort(data, low, j);
  quickSort(data, i, high);
}
extern "C" __global__ void recursion(int *out, int *data, int each) {
  int i = threadIdx.x;
  out[i] = ackermann(2, i % 5) * 1000 + ackermann(1, i);
  quickSort(data + i * each, 0, each - 1);
}

struct Shape { // no virtual destructor: it would refer to free
  __device__ virtual float area() const = 0;
};
struct Square : Shape {
  float a;
  __device__ Square(float a) : a(a) {}
  __device__ float area() const override { return a * a; }
};
struct Disc : Shape {
  float r;
  __device__ Disc(float r) : r(r) {}
  __device__ float area() const override { return 3.0f * r * r; }
};
extern "C" __global__ void virtualCalls(float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  alignas(8) char room[32];
  Shape *shape = i % 3 ? static_cast<Shape *>(new (room) Square(float(i))) : new (room) Disc(float(i));
  out[i] = shape->area();
}

__device__ int twice(int v) { return 2 * v; }
__device__ int square(int v) { return v * v; }
__device__ int negate(int v) { return -v; }
typedef int (*Function)(int);
__device__ Function const functions[3] = {twice, square, negate};
extern "C" __global__ void pipelines(const int *program, int steps, int *data, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int v = data[i];
  for (int s = 0; s < steps; ++s)
    v = functions[(program[s] + i) % 3](v);
  data[i] = v;
}

extern "C" __global__ void speak(int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    printf("thread %d of %s: %.2f %x %c %lld%%\n", i, "speak", i * 0.25, i * 17, 'a' + i, (long long)i << 40);
}
extern "C" __global__ void asserting(const int *in) { assert(in[threadIdx.x] < 100 && "too large"); }
