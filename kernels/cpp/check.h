// Arrays of random numbers, and how far a result is from a plain loop's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

template <typename T> std::vector<T> randomArray(size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<T> values(size);
  for (T &value : values)
    value = T(normal(generator));
  return values;
}

/// Prints the largest difference, relative to numbers above 1; gives main's exit code.
inline int report(const char *what, const std::vector<float> &got, const std::vector<float> &wanted,
                  float tolerance) {
  float worst = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    float difference = std::fabs(got[i] - wanted[i]) / std::max(1.0f, std::fabs(wanted[i]));
    worst = difference <= worst ? worst : difference; // a NaN counts
  }
  bool good = worst <= tolerance;
  std::printf("%s: largest difference %.2g, %s %.2g: %s\n", what, static_cast<double>(worst),
              good ? "within" : "beyond", static_cast<double>(tolerance), good ? "ok" : "WRONG");
  return good ? 0 : 1;
}
