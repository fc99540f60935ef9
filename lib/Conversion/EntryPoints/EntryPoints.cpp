//===- EntryPoints.cpp - The interface that the runtime calls ---------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime knows `ternary_step` of ternary/abi.h and nothing of memref descriptors.
// What a step takes, and in which order, is for the passes before this one to decide:
// the roles of its arguments say where each value comes from.
//
//===----------------------------------------------------------------------===//

#include "FunctionEntryPoints.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "ternary/Conversion/Passes.h"
#include "ternary/Dialect/Ternary/IR/Ternary.h"
#include "ternary/abi.h"
#include "ternary/training.h"
#include "llvm/ADT/StringExtras.h"
#include <cstddef>

namespace ternary {
#define GEN_PASS_DEF_TERNARYEMITENTRYPOINTS
#include "ternary/Conversion/Passes.h.inc"
} // namespace ternary

using namespace mlir;
using namespace ternary;

namespace {
/// What an entry point is called with or returns (the Loss of a training step), and the Team that
/// one of training makes of its Threads.
enum Parameter {
  Weights,
  Workspace,
  State,
  Scales,
  Position,
  Ids,
  Tokens,
  LogitsFrom,
  Logits,
  Team,
  Threads,
  Parameters,
  Gradients,
  Targets,
  Seed,
  Loss,
  FirstMoments,
  SecondMoments,
  StepNumber,
  Optimizer,
  Report
};

/// Where an argument comes from: which parameter it is, or which field of that.
struct Source {
  Role role;
  Parameter parameter;
  std::optional<size_t> offset = std::nullopt;
  bool isInteger = false;
};
constexpr Source kSources[] = {
    {Role::Weights, Weights},
    {Role::Workspace, Workspace},
    {Role::State, State},
    {Role::Scales, Scales},
    {Role::Position, Position},
    {Role::Ids, Ids},
    {Role::LogitsFrom, LogitsFrom},
    {Role::Logits, Logits},
    {Role::Team, Team},
    {Role::Parameters, Parameters},
    {Role::Gradients, Gradients},
    {Role::Targets, Targets},
    {Role::Seed, Seed},
    {Role::Loss, Loss},
    {Role::FirstMoments, FirstMoments},
    {Role::SecondMoments, SecondMoments},
    {Role::StepNumber, StepNumber},
    {Role::LearningRate, Optimizer, offsetof(ternary_optimizer, learning_rate)},
    {Role::FinalFraction, Optimizer, offsetof(ternary_optimizer, final_fraction)},
    {Role::Beta1, Optimizer, offsetof(ternary_optimizer, beta1)},
    {Role::Beta2, Optimizer, offsetof(ternary_optimizer, beta2)},
    {Role::Epsilon, Optimizer, offsetof(ternary_optimizer, epsilon)},
    {Role::WeightDecay, Optimizer, offsetof(ternary_optimizer, weight_decay)},
    {Role::ClipNorm, Optimizer, offsetof(ternary_optimizer, clip_norm)},
    {Role::WarmupSteps, Optimizer, offsetof(ternary_optimizer, warmup_steps), /*isInteger=*/true},
    {Role::TotalSteps, Optimizer, offsetof(ternary_optimizer, total_steps), /*isInteger=*/true},
    {Role::HalveAt, Optimizer, offsetof(ternary_optimizer, halve_at), /*isInteger=*/true},
    {Role::Rate, Report, offsetof(ternary_update_report, learning_rate)},
    {Role::GradientNorm, Report, offsetof(ternary_update_report, gradient_norm)}};
static_assert(std::size(kSources) == getMaxEnumValForRole() + 1);

const Source &getSource(Role role) {
  return *llvm::find_if(kSources, [&](const Source &source) { return source.role == role; });
}

/// What the function that a step becomes is called with: the arguments of its type in
/// ternary/training.h, in order, or the fields of `ternary_step_arguments` in ternary/abi.h.
ArrayRef<Parameter> getParameters(Step step) {
  static constexpr Parameter generate[] = {Weights, Workspace,  State,  Ids,
                                           Tokens,  LogitsFrom, Logits, Team};
  static constexpr Parameter loss[] = {Parameters, Workspace, Ids, Targets, Tokens, Threads};
  static constexpr Parameter gradient[] = {Parameters, Gradients, Workspace, Ids,
                                           Targets,    Tokens,    Seed,      Threads};
  static constexpr Parameter update[] = {Parameters, Gradients,  FirstMoments, SecondMoments,
                                         Optimizer,  StepNumber, Report,       Threads};
  switch (step) {
  case Step::Prefill:
  case Step::Decode:
    return generate;
  case Step::Loss:
    return loss;
  case Step::Gradient:
    return gradient;
  case Step::Update:
    return update;
  }
  llvm_unreachable("every step is handled");
}

/// Whether a step's arguments come in a structure; those of training come one by one.
bool takesStructure(Step step) { return step == Step::Prefill || step == Step::Decode; }

/// Where a parameter is in `ternary_step_arguments`.
int32_t getOffset(Parameter parameter) {
  switch (parameter) {
  case Weights:
    return offsetof(ternary_step_arguments, weights);
  case Workspace:
    return offsetof(ternary_step_arguments, workspace);
  case State:
    return offsetof(ternary_step_arguments, state);
  case Ids:
    return offsetof(ternary_step_arguments, ids);
  case Tokens:
    return offsetof(ternary_step_arguments, tokens);
  case LogitsFrom:
    return offsetof(ternary_step_arguments, logits_from);
  case Logits:
    return offsetof(ternary_step_arguments, logits);
  case Team:
    return offsetof(ternary_step_arguments, team);
  default:
    llvm_unreachable("not a parameter of a step that generates");
  }
}

/// The type of a parameter in C.
Type getType(Parameter parameter, Builder &builder) {
  switch (parameter) {
  case Tokens:
  case LogitsFrom:
  case StepNumber:
    return builder.getI64Type();
  case Threads:
    return builder.getI32Type();
  case Seed:
    return builder.getF32Type();
  default:
    return LLVM::LLVMPointerType::get(builder.getContext());
  }
}

/// `text` as part of a name in C.
std::string toIdentifier(StringRef text) {
  std::string name = text.str();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return !name.empty() && llvm::isDigit(name.front()) ? "_" + name : name;
}

/// The body of one entry point.
class EntryPoint {
public:
  EntryPoint(OpBuilder &builder, const LLVMTypeConverter &converter, func::FuncOp step,
             func::FuncOp entry)
      : builder(builder), converter(converter), step(step), entry(entry), loc(step.getLoc()),
        kind(*getStep(step)) {}

  LogicalResult build() {
    takeArguments();
    SmallVector<Value> operands;
    for (unsigned i = 0, e = step.getNumArguments(); i < e; ++i) {
      Value operand = createOperand(i);
      if (!operand)
        return failure();
      operands.push_back(operand);
    }
    if (entry.getNumResults() == 1 && !loss)
      return step.emitError() << "expected a step '" << stringifyStep(kind)
                              << "' with an argument of role 'loss', got none";
    func::CallOp::create(builder, loc, step, operands);
    if (ownTeam)
      LLVM::CallOp::create(builder, loc, getTeamFunction("ternary_team_free"), ownTeam);
    SmallVector<Value> results;
    if (loss)
      results.push_back(LLVM::LoadOp::create(builder, loc, builder.getF32Type(), loss));
    func::ReturnOp::create(builder, loc, results);
    return success();
  }

private:
  void takeArguments() {
    for (auto [i, parameter] : llvm::enumerate(getParameters(kind))) {
      if (!takesStructure(kind)) {
        arguments[parameter] = entry.getArgument(i);
        continue;
      }
      Value structure = entry.getArgument(0);
      Value place = LLVM::GEPOp::create(builder, loc, structure.getType(), builder.getI8Type(),
                                        structure, ArrayRef<LLVM::GEPArg>(getOffset(parameter)));
      arguments[parameter] = LLVM::LoadOp::create(builder, loc, getType(parameter, builder), place);
    }
  }

  /// What the step gets for its argument `index`; null after an error.
  Value createOperand(unsigned index) {
    Type type = step.getArgument(index).getType();
    std::optional<Role> role = getArgumentRole(step, index);
    auto emitError = [&]() { return step.emitError() << "expected argument " << index; };
    if (!role) {
      emitError() << " of a step to have a '" << kRoleAttr << "', got none";
      return {};
    }
    StringRef roleName = stringifyRole(*role);
    auto [_, parameter, offset, isInteger] = getSource(*role);
    if (parameter == Loss && loss) {
      emitError() << " to have a role of its own, got a second 'loss'";
      return {};
    }
    Value value = getPointerOrNumber(parameter);
    if (!value) {
      emitError() << " to have a role that step '" << stringifyStep(kind) << "' can have, got '"
                  << roleName << "'";
      return {};
    }
    if (offset) {
      value = LLVM::GEPOp::create(builder, loc, value.getType(), builder.getI8Type(), value,
                                  ArrayRef<LLVM::GEPArg>(static_cast<int32_t>(*offset)));
      if (parameter == Optimizer)
        value = LLVM::LoadOp::create(
            builder, loc, isInteger ? Type(builder.getI64Type()) : Type(builder.getF32Type()),
            value);
    }
    if (parameter == LogitsFrom || parameter == Team || parameter == StepNumber ||
        parameter == Optimizer) {
      Type expected = parameter == LogitsFrom ? builder.getIndexType() : value.getType();
      if (type == expected)
        return type == value.getType() ? value
                                       : arith::IndexCastOp::create(builder, loc, type, value);
      emitError() << ", " << roleName << ", to be of type " << expected << ", got " << type;
      return {};
    }
    auto memory = dyn_cast<MemRefType>(type);
    if (!memory || !memory.getLayout().isIdentity() || memory.getMemorySpace()) {
      emitError() << ", " << roleName
                  << ", to be a memref of identity layout in the default memory space, got "
                  << type;
      return {};
    }
    bool isNumber = llvm::is_contained({Position, Loss, Seed, Report}, parameter);
    auto number = MemRefType::get({}, parameter == Position ? Type(builder.getI32Type())
                                                            : Type(builder.getF32Type()));
    if (isNumber && memory != number) {
      emitError() << ", " << roleName << ", to be of type " << number << ", got " << type;
      return {};
    }
    // Only one dimension may be left to run time: the one whose size the caller states.
    Value size = createSize(parameter);
    int64_t dimension = parameter == Ids || parameter == Targets || parameter == Logits ? 1 : 0;
    for (int64_t i = 0; i < memory.getRank(); ++i) {
      if (!memory.isDynamicDim(i) || (size && i == dimension))
        continue;
      emitError() << ", " << roleName << ", to be static in dimension " << i << ", got " << type;
      return {};
    }
    return createMemRef(builder, loc, converter, memory, value, size);
  }

  /// What the entry point is called with, or null if there is none of the kind.
  Value getArgument(Parameter parameter) { return arguments.lookup(parameter); }

  /// What follows other parts of the state in its memory.
  Value getPartOfState(Role role) {
    int64_t bytes = getStateOffset(step, role);
    Value state = getArgument(State);
    if (!state)
      return {};
    // A value, since constants of the op have 29 bits.
    Value offset = LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(bytes));
    return LLVM::GEPOp::create(builder, loc, state.getType(), builder.getI8Type(), state,
                               ArrayRef<LLVM::GEPArg>{offset});
  }

  /// The argument; for the loss, which is returned, and the seed, which is a number, a place
  /// of their own, as for the little workspace of an update.
  Value getPointerOrNumber(Parameter parameter) {
    if (parameter == Scales)
      return getPartOfState(Role::Scales);
    if (parameter == Position)
      return getPartOfState(Role::Position);
    Value argument = getArgument(parameter);
    if (parameter == Workspace && kind == Step::Update)
      return allocateWorkspace();
    if (parameter == Team && !argument)
      return ownTeam = LLVM::CallOp::create(builder, loc, getTeamFunction("ternary_team_new"),
                                            getArgument(Threads))
                           .getResult();
    bool isReturned = parameter == Loss && entry.getNumResults() == 1;
    if (!isReturned && !(parameter == Seed && argument))
      return argument;
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Value one = createConstant(1);
    Value place = LLVM::AllocaOp::create(builder, loc, pointer, builder.getF32Type(), one);
    if (parameter == Loss)
      loss = place;
    else
      LLVM::StoreOp::create(builder, loc, argument, place);
    return place;
  }

  /// Memory of the size that the step was planned to need; null if that depends on tokens.
  Value allocateWorkspace() {
    auto sizes = step->getAttrOfType<DenseI64ArrayAttr>(kWorkspaceAttr);
    if (!sizes || sizes.size() != 2 || sizes[1] != 0)
      return {};
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    return LLVM::AllocaOp::create(builder, loc, pointer, builder.getI8Type(),
                                  createConstant(sizes[0]), /*alignment=*/64);
  }

  /// The dynamic size that memory may have; null if there is none.
  Value createSize(Parameter parameter) {
    switch (parameter) {
    case Ids:
    case Targets:
      return getArgument(Tokens);
    case Logits:
      return LLVM::SubOp::create(builder, loc, getArgument(Tokens), getArgument(LogitsFrom));
    case Weights:
    case Parameters:
    case Gradients:
    case FirstMoments:
    case SecondMoments:
    case Workspace:
      // As large as it has to be, which the caller has seen to.
      return createConstant(std::numeric_limits<int64_t>::max());
    default:
      return {};
    }
  }

  /// Makes a team of threads or ends it; see ternary/team.h.
  LLVM::LLVMFuncOp getTeamFunction(StringRef name) {
    auto module = entry->getParentOfType<ModuleOp>();
    if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return known;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
    auto type =
        name == "ternary_team_new"
            ? LLVM::LLVMFunctionType::get(pointer, builder.getI32Type())
            : LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), pointer);
    return LLVM::LLVMFuncOp::create(builder, loc, name, type);
  }

  Value createConstant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  }

  OpBuilder &builder;
  const LLVMTypeConverter &converter;
  func::FuncOp step, entry;
  Location loc;
  Step kind;
  DenseMap<unsigned, Value> arguments;
  /// Where the step puts its loss, if it has one.
  Value loss;
  /// The team that a training step makes for itself.
  Value ownTeam;
};

class EmitEntryPoints : public ternary::impl::TernaryEmitEntryPointsBase<EmitEntryPoints> {
public:
  using TernaryEmitEntryPointsBase::TernaryEmitEntryPointsBase;

  void runOnOperation() override {
    auto internal = LLVM::LinkageAttr::get(&getContext(), LLVM::linkage::Linkage::Internal);
    LLVMTypeConverter converter(&getContext());
    SymbolTable symbols(getOperation());
    for (auto func : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (func.isDeclaration())
        continue;
      if (func->hasAttr(kStepAttr) && failed(createEntryPoint(func, converter, symbols)))
        return signalPassFailure();
      bool isForOthers = isOrdinary(func) && func.isPublic();
      if (isForOthers && failed(forC ? createFunctionForC(func, converter, symbols)
                                     : createFunctionForMLIR(func, symbols)))
        return signalPassFailure();
      removeRoles(func);
      // Visibility and `no_inline` end with the func dialect; this is what LLVM goes by.
      if (func.getNoInline())
        addPassthrough(func, StringAttr::get(&getContext(), "noinline"));
      // Without a caller of its own it is what others call.
      if (isForOthers && func.isPublic())
        continue;
      func.setPrivate();
      func->setAttr("llvm.linkage", internal);
    }
  }

private:
  /// What a step and its arguments are is in the code of entry points now, and from here on nobody
  /// has to know the dialect.
  static void removeRoles(func::FuncOp func) {
    func->removeAttr(kStepAttr);
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
      func.removeArgAttr(i, kRoleAttr);
  }

  static void addPassthrough(func::FuncOp func, Attribute attribute) {
    SmallVector<Attribute> attributes;
    if (auto known = func->getAttrOfType<ArrayAttr>("passthrough"))
      llvm::append_range(attributes, known);
    attributes.push_back(attribute);
    func->setAttr("passthrough", ArrayAttr::get(func.getContext(), attributes));
  }

  LogicalResult createEntryPoint(func::FuncOp step, const LLVMTypeConverter &converter,
                                 SymbolTable &symbols) {
    if (step.getNumResults() != 0)
      return step.emitError() << "expected a step without results, got " << step.getNumResults();
    StringRef model = prefix;
    auto known = getOperation()->getAttrOfType<DictionaryAttr>(kModelAttr);
    if (auto name = known && model.empty() ? known.getAs<StringAttr>("name") : StringAttr())
      model = name;
    if (model.empty())
      return getOperation().emitError() << "expected a prefix for entry points, or a 'name' in '"
                                        << kModelAttr << "', got neither";
    Step kind = *getStep(step);
    std::string name = toIdentifier((model + "_" + stringifyStep(kind)).str());
    if (Operation *other = symbols.lookup(name))
      return other->emitError() << "expected no symbol @" << name << ", the name of an entry point";

    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(step);
    SmallVector<Type> arguments, results;
    if (takesStructure(kind))
      arguments.push_back(LLVM::LLVMPointerType::get(&getContext()));
    else
      for (Parameter parameter : getParameters(kind))
        arguments.push_back(getType(parameter, builder));
    if (kind == Step::Loss || kind == Step::Gradient)
      results.push_back(builder.getF32Type());
    auto type = builder.getFunctionType(arguments, results);
    auto entry = func::FuncOp::create(builder, step.getLoc(), name, type);
    symbols.insert(entry);
    builder.setInsertionPointToStart(entry.addEntryBlock());
    return EntryPoint(builder, converter, step, entry).build();
  }
};
} // namespace
