//===- Machine.cpp - What this machine can run ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Machine.h"
#include "ternary/kernels.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <fstream>
#include <limits>
#include <sched.h>
#include <sstream>
#include <string_view>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

using namespace ternary::runtime;

#if defined(__x86_64__)
constexpr char kArchitecture[] = "x86_64"; // as in ternary/kernels.h

/// Registers of matrices are so large that Linux gives them only to programs that ask; asking
/// tells whether it can.
static bool askForTiles() {
  constexpr unsigned kRequest = 0x1023, kTileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 24 & 1) && (edx >> 25 & 1) &&
         syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}
#else
#if defined(__aarch64__)
constexpr char kArchitecture[] = "aarch64";
#elif defined(__riscv) && __riscv_xlen == 64
constexpr char kArchitecture[] = "riscv64";
#else
constexpr char kArchitecture[] = "another";
#endif
static bool askForTiles() { return false; }
#endif

bool Kernel::isSupported() const {
  return missingFeatures(features).empty() && (!needsTiles || askForTiles());
}

const std::vector<Kernel> &ternary::runtime::kernels() {
  static const std::vector<Kernel> all = [] {
    constexpr bool NONE = false, TILES = true;
    std::vector<Kernel> kernels;
    auto add = [&](const char *name, std::string_view architecture, const char *features,
                   bool needsTiles) {
      if (architecture.empty() || architecture == kArchitecture)
        kernels.push_back({name, features, needsTiles});
    };
#define KERNEL(name, architecture, features, permission)                                           \
  add(name, architecture, features, permission);
    TERNARY_KERNELS(KERNEL)
#undef KERNEL
    // What the reference target writes.
    kernels.push_back({"scalar", "", /*needsTiles=*/NONE});
    return kernels;
  }();
  return all;
}

const Kernel &ternary::runtime::bestKernel() {
  return *std::find_if(kernels().begin(), kernels().end(),
                       [](const Kernel &kernel) { return kernel.isSupported(); });
}

const Kernel *ternary::runtime::findKernel(const std::string &name) {
  for (const Kernel &kernel : kernels())
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

namespace {

/// A hierarchy of control groups, of version 1 or 2, and where this process is in it.
struct ControlGroups {
  bool isUnified;
  std::string mount;  // the folder that stands for `root`
  std::string root;   // the group whose folder is mounted
  std::string member; // the group of this process
};

/// The words of `text` between `separator`s.
std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);)
    words.push_back(word);
  return words;
}

bool contains(const std::vector<std::string> &words, const char *word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The group of this process that limits processors, in the hierarchy of either version: lines of
/// /proc/self/cgroup are "number:controllers:group", and version 2 names no controllers.
std::string findMember(const std::string &system, bool isUnified) {
  std::ifstream file(system + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos)
      continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    if (isUnified ? controllers.empty() : contains(split(controllers, ','), "cpu"))
      return line.substr(second + 1);
  }
  return {};
}

/// Lines of /proc/self/mountinfo are "id parent device root mount options... - type source
/// options".
std::vector<ControlGroups> findControlGroups(const std::string &system) {
  std::vector<ControlGroups> found;
  std::ifstream file(system + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> words = split(line, ' ');
    auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 5 || words.end() - dash < 4)
      continue;
    bool isUnified = dash[1] == "cgroup2";
    if (!isUnified && !(dash[1] == "cgroup" && contains(split(dash[3], ','), "cpu")))
      continue;
    std::string member = findMember(system, isUnified);
    if (!member.empty())
      found.push_back({isUnified, system + words[4], words[3], member});
  }
  return found;
}

/// How many processors a group's folder allows, as a share of time; infinite if it does not say.
double readQuota(const std::string &folder, bool isUnified) {
  double quota = -1, period = -1;
  if (isUnified) {
    std::ifstream(folder + "/cpu.max") >> quota >> period; // "max" is no number
  } else {
    std::ifstream(folder + "/cpu.cfs_quota_us") >> quota; // -1: no limit
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : std::numeric_limits<double>::infinity();
}

} // namespace

int ternary::runtime::processorQuota(const std::string &system) {
  double quota = std::numeric_limits<double>::infinity();
  for (const ControlGroups &groups : findControlGroups(system)) {
    // What a container does not see of its group's path is above the mounted folder.
    std::string path = groups.member;
    std::string root = groups.root == "/" ? "" : groups.root;
    bool isBelow = (path + "/").compare(0, root.size() + 1, root + "/") == 0;
    path = isBelow ? path.substr(root.size()) : "";
    // A group has at most what those above it have.
    for (;; path.resize(path.rfind('/'))) {
      quota = std::min(quota, readQuota(groups.mount + path, groups.isUnified));
      if (path.find('/') == std::string::npos)
        break;
    }
  }
  return quota < INT_MAX ? std::max(1, static_cast<int>(std::ceil(quota))) : INT_MAX;
}

int ternary::runtime::availableThreads() {
  int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    processors = std::max(1, CPU_COUNT(&set));
  return std::min(processors, processorQuota());
}

/// The number of kB after `key` in a file of /proc, in bytes; 0 if there is
/// none.
static int64_t readProcBytes(const char *path, const std::string &key) {
  std::ifstream file(path);
  std::string word;
  int64_t kilobytes = 0;
  while (file >> word)
    if (word == key && file >> kilobytes)
      return kilobytes * 1024;
  return 0;
}

int64_t ternary::runtime::residentBytes() { return readProcBytes("/proc/self/status", "VmRSS:"); }

// Not of getrusage, whose peak is at least that of the program that started this one.
int64_t ternary::runtime::peakResidentBytes() {
  return readProcBytes("/proc/self/status", "VmHWM:");
}

int64_t ternary::runtime::availableMemoryBytes() {
  return readProcBytes("/proc/meminfo", "MemAvailable:");
}
