//===- Checkpoint.cpp - Checkpoints of a training run ---------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Checkpoint.h"
#include "Json.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace ternary::runtime;
namespace fs = std::filesystem;

static constexpr std::string_view kPrefix = "checkpoint-";
static constexpr std::string_view kIncompletePrefix = ".checkpoint-";
static constexpr std::string_view kIncompleteSuffix = ".incomplete";

// As PyTorch's AdamW calls them.
static const std::string kFirstMoment = "exp_avg.";
static const std::string kSecondMoment = "exp_avg_sq.";

//===----------------------------------------------------------------------===//
// Settings and state
//===----------------------------------------------------------------------===//

Setting::Setting(std::string name, int64_t value)
    : name(std::move(name)), value(std::to_string(value)) {}
Setting::Setting(std::string name, double value)
    : name(std::move(name)), value(Json(value).dump()) {}
Setting::Setting(std::string name, bool value)
    : name(std::move(name)), value(value ? "true" : "false") {}
Setting::Setting(std::string name, const std::string &value)
    : name(std::move(name)), value(quoteJson(value)) {}

Setting Setting::parsed(std::string name, std::string value) {
  Setting setting;
  setting.name = std::move(name);
  setting.value = std::move(value);
  return setting;
}

static nlohmann::ordered_json describe(const Fingerprint &fingerprint) {
  return {{"bytes", fingerprint.bytes}, {"crc32", fingerprint.crc32}};
}

static std::string printState(const TrainerState &state) {
  nlohmann::ordered_json settings = nlohmann::ordered_json::object(), object;
  for (const Setting &setting : state.settings)
    settings[setting.name] = nlohmann::ordered_json::parse(setting.value);
  object["step"] = state.step;
  object["tokens"] = state.tokens;
  object["seconds"] = state.seconds;
  object["data"] = describe(state.data);
  object["valid_data"] = nullptr;
  if (state.validData)
    object["valid_data"] = describe(*state.validData);
  object["schedule_start"] = state.scheduleStart;
  object["settings"] = std::move(settings);
  return object.dump(2) + "\n";
}

static uint64_t readNatural(const std::string &path, const Json &object, const char *key) {
  const Json *value = findJson(object, key);
  if (!value || !value->is_number_unsigned())
    fail(path, ": expected '", key, "' with a number of at least 0");
  return value->get<uint64_t>();
}

static Fingerprint readFingerprint(const std::string &path, const Json &object) {
  if (!object.is_object())
    fail(path, ": expected the size and checksum of the data");
  return {readNatural(path, object, "bytes"),
          static_cast<uint32_t>(readNatural(path, object, "crc32"))};
}

static TrainerState readState(const std::string &path) {
  MappedFile file(path);
  Json object = parseJsonObject(path, file.text());
  TrainerState state;
  state.step = static_cast<int64_t>(readNatural(path, object, "step"));
  state.tokens = static_cast<int64_t>(readNatural(path, object, "tokens"));
  const Json *seconds = findJson(object, "seconds"), *settings = findJson(object, "settings"),
             *data = findJson(object, "data"), *validData = findJson(object, "valid_data");
  if (!seconds || !seconds->is_number() || !data || !validData || !settings ||
      !settings->is_object())
    fail(path, ": expected seconds, data, valid_data and settings");
  state.seconds = seconds->get<double>();
  if (findJson(object, "schedule_start"))
    state.scheduleStart = static_cast<int64_t>(readNatural(path, object, "schedule_start"));
  if (state.scheduleStart > state.step)
    fail(path, ": expected schedule_start of at most ", state.step, ", found ",
         state.scheduleStart);
  state.data = readFingerprint(path, *data);
  if (!validData->is_null())
    state.validData = readFingerprint(path, *validData);
  for (const auto &[name, value] : settings->items())
    state.settings.push_back(
        Setting::parsed(name, value.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return state;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static std::vector<const ternary_parameter *> parametersOf(const TrainingObject &object) {
  std::vector<const ternary_parameter *> all;
  for (int64_t i = 0; i < object.info().parameter_count; ++i)
    all.push_back(&object.info().parameters[i]);
  return all;
}

void ternary::runtime::writeModel(const std::string &folder, const TrainingObject &object,
                                  const Block &parameters, Durability durability) {
  const ternary_training_descriptor &info = object.info();
  if (info.config_json)
    writeFile(folder + "/config.json", {info.config_json, info.config_json_bytes}, durability);
  if (info.tokenizer)
    writeFile(folder + "/tokenizer.model",
              {static_cast<const char *>(info.tokenizer), info.tokenizer_bytes}, durability);
  std::vector<SafetensorsWriter::Tensor> tensors;
  for (const ternary_parameter *parameter : parametersOf(object))
    tensors.push_back({parameter->name, shapeOf(*parameter)});
  SafetensorsWriter writer(folder + "/model.safetensors", tensors);
  for (const ternary_parameter *parameter : parametersOf(object))
    writer.write(parameters.data() + parameter->offset);
  writer.commit(durability);
}

static void writeMoments(const std::string &path, const TrainingObject &object,
                         const TrainingBlocks &blocks) {
  std::vector<SafetensorsWriter::Tensor> tensors;
  for (const std::string &prefix : {kFirstMoment, kSecondMoment})
    for (const ternary_parameter *parameter : parametersOf(object))
      tensors.push_back({prefix + parameter->name, shapeOf(*parameter)});
  SafetensorsWriter writer(path, tensors);
  for (const Block *block : {&blocks.firstMoments, &blocks.secondMoments})
    for (const ternary_parameter *parameter : parametersOf(object))
      writer.write(block->data() + parameter->offset);
  writer.commit(Durability::synced);
}

/// The step in a name such as "checkpoint-100", or -1.
static int64_t parseStep(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (name.size() <= prefix.size() + suffix.size() || name.substr(0, prefix.size()) != prefix ||
      name.substr(name.size() - suffix.size()) != suffix)
    return -1;
  std::string digits(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
  bool number = digits.size() <= 18 && digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::stoll(digits) : -1;
}

static std::vector<int64_t> findSteps(const std::string &folder, std::string_view prefix,
                                      std::string_view suffix) {
  std::vector<int64_t> steps;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (int64_t step = parseStep(it->path().filename().string(), prefix, suffix); step >= 0)
      steps.push_back(step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

//===----------------------------------------------------------------------===//
// CheckpointStore
//===----------------------------------------------------------------------===//

std::vector<int64_t> CheckpointStore::steps() const { return findSteps(folder, kPrefix, ""); }

std::string CheckpointStore::incomplete(int64_t step) const {
  return folder + "/" + std::string(kIncompletePrefix) + std::to_string(step) +
         std::string(kIncompleteSuffix);
}

void CheckpointStore::tidy() const {
  removeOld();
  std::error_code ignored;
  for (int64_t step : findSteps(folder, kIncompletePrefix, kIncompleteSuffix))
    fs::remove_all(incomplete(step), ignored);
}

void CheckpointStore::write(const std::string &to, const TrainerState &state,
                            const TrainingBlocks &blocks) const {
  createDirectories(to);
  writeModel(to, object, blocks.parameters, Durability::synced);
  writeMoments(to + "/optimizer.safetensors", object, blocks);
  writeFile(to + "/trainer_state.json", printState(state), Durability::synced);
  syncDirectory(to);
  if (std::rename(to.c_str(), path(state.step).c_str()) != 0)
    fail(path(state.step), ": cannot write: ", std::strerror(errno));
}

void CheckpointStore::save(const TrainerState &state, const TrainingBlocks &blocks) const {
  std::vector<int64_t> existing = steps();
  if (std::binary_search(existing.begin(), existing.end(), state.step))
    return; // a run that goes on from it has the same state
  std::string temporary = incomplete(state.step);
  try {
    write(temporary, state, blocks);
  } catch (const Error &error) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    fail("cannot write ", path(state.step),
         existing.empty() ? "" : "; " + path(existing.back()) + " is intact", ": ", error.what());
  }
  syncDirectory(folder);
  removeOld();
}

void CheckpointStore::removeOld() const {
  std::vector<int64_t> existing = steps();
  std::error_code ignored;
  for (size_t i = 0; i + static_cast<size_t>(keep) < existing.size(); ++i) {
    // What bears the name of a checkpoint is always complete.
    fs::rename(path(existing[i]), incomplete(existing[i]), ignored);
    fs::remove_all(incomplete(existing[i]), ignored);
  }
}

TrainerState CheckpointStore::loadState(int64_t step) const {
  std::string file = path(step) + "/trainer_state.json";
  TrainerState state = readState(file);
  if (state.step != step)
    fail(file, ": expected step ", step, ", found ", state.step);
  return state;
}

void CheckpointStore::loadBlocks(int64_t step, TrainingBlocks &blocks) const {
  SafetensorsFile model(path(step) + "/model.safetensors");
  SafetensorsFile moments(path(step) + "/optimizer.safetensors");
  size_t count = parametersOf(object).size();
  if (model.tensors().size() != count)
    fail(model.path(), ": expected the ", count, " parameters of ", object.path(), ", found ",
         model.tensors().size());
  for (const ternary_parameter *parameter : parametersOf(object)) {
    std::vector<int64_t> shape = shapeOf(*parameter);
    model.read(parameter->name, shape, blocks.parameters.data() + parameter->offset);
    moments.read(kFirstMoment + parameter->name, shape,
                 blocks.firstMoments.data() + parameter->offset);
    moments.read(kSecondMoment + parameter->name, shape,
                 blocks.secondMoments.data() + parameter->offset);
  }
}
