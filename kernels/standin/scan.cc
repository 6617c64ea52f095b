// Reads preprocessed CUDA C++ in which __global__ and __launch_bounds__ still stand, and writes the half of an image
// that describes its entry points: STANDIN_ENTRY(name, threads) for each `extern "C" __global__` definition.
#include <cctype>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

namespace {

bool word(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; }

size_t skip_space(const std::string& s, size_t i) {
  while (i < s.size() && isspace(static_cast<unsigned char>(s[i]))) i++;
  return i;
}

// The place after the parenthesis that closes the one at i.
size_t skip_parentheses(const std::string& s, size_t i) {
  int depth = 0;
  do {
    depth += s[i] == '(' ? 1 : s[i] == ')' ? -1 : 0;
    i++;
  } while (depth > 0 && i < s.size());
  return i;
}

// What stands before the first comma that is in no parentheses.
std::string first_argument(const std::string& s) {
  int depth = 0;
  for (size_t i = 0; i < s.size(); i++) {
    depth += s[i] == '(' || s[i] == '<' ? 1 : s[i] == ')' || s[i] == '>' ? -1 : 0;
    if (s[i] == ',' && depth == 0) return s.substr(0, i);
  }
  return s;
}

}  // namespace

int main() {
  std::string s(std::istreambuf_iterator<char>(std::cin), {});
  const std::string mark = "__global__";
  for (size_t at = s.find(mark); at != std::string::npos; at = s.find(mark, at)) {
    at += mark.size();
    std::string name, threads = "1024";
    // Words up to the parameters; the last one is the name.
    while (at < s.size()) {
      at = skip_space(s, at);
      if (word(s[at])) {
        size_t end = at;
        while (end < s.size() && word(s[end])) end++;
        std::string found = s.substr(at, end - at);
        at = skip_space(s, end);
        if ((found == "__launch_bounds__" || found == "__attribute__" || found == "__cluster_dims__") && s[at] == '(') {
          size_t close = skip_parentheses(s, at);
          if (found == "__launch_bounds__") threads = first_argument(s.substr(at + 1, close - at - 2));
          at = close;
        } else {
          name = found;
        }
      } else if (s[at] == '(') {
        at = skip_parentheses(s, at);
        break;
      } else {
        at++;
      }
    }
    if (s[skip_space(s, at)] == '{') printf("STANDIN_ENTRY(%s, (%s))\n", name.c_str(), threads.c_str());
  }
}
