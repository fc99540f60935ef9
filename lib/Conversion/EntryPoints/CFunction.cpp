//===- CFunction.cpp - Functions that C calls -------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionEntryPoints.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/TypeUtilities.h"
#include "ternary/abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace ternary;

static Value createConstant(OpBuilder &builder, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
}

/// Words that name no function in C99 or C++, in which the header can be included.
static constexpr StringLiteral kKeywords[] = {
    "and",    "asm",      "auto",     "bool",     "break",     "case",     "catch",     "char",
    "class",  "const",    "continue", "default",  "delete",    "do",       "double",    "else",
    "enum",   "explicit", "export",   "extern",   "false",     "float",    "for",       "friend",
    "goto",   "if",       "inline",   "int",      "long",      "mutable",  "namespace", "new",
    "not",    "operator", "or",       "private",  "protected", "public",   "register",  "restrict",
    "return", "short",    "signed",   "sizeof",   "static",    "struct",   "switch",    "template",
    "this",   "throw",    "true",     "try",      "typedef",   "typename", "union",     "unsigned",
    "using",  "virtual",  "void",     "volatile", "while",     "xor"};

namespace {
/// The callers of one function that C has.
class CFunction {
public:
  CFunction(func::FuncOp func, const LLVMTypeConverter &converter, SymbolTable &symbols)
      : func(func), converter(converter), symbols(symbols), loc(func.getLoc()),
        builder(func.getContext()), pointer(LLVM::LLVMPointerType::get(func.getContext())) {}

  LogicalResult run() {
    name = func.getName().str();
    if (!isIdentifier(name))
      return func.emitError() << "expected a function whose name C allows, got @" << name;
    if (failed(readInputs()) || failed(readResults()))
      return failure();
    if (Operation *other = symbols.lookup(name + "_workspace"))
      return other->emitError() << "expected no symbol @" << name
                                << "_workspace, which returns the size of the workspace of @"
                                << name;
    if (failed(symbols.renameToUnique(func, {})))
      return failure();
    func.setPrivate();
    func::FuncOp workspace = createSizeQuery();
    func::FuncOp call = createCaller();
    createPackedCallers(workspace, call, inputs, results, symbols);
    dropNotes(func);
    return success();
  }

private:
  static bool isIdentifier(StringRef name) {
    auto isPart = [](char c) { return llvm::isAlnum(c) || c == '_'; };
    return !name.empty() && !llvm::isDigit(name.front()) && llvm::all_of(name, isPart) &&
           !llvm::is_contained(kKeywords, name);
  }

  /// What C calls numbers of a type; empty if it does not have them.
  static StringRef getTypeName(Type type) {
    if (type.isF32())
      return "float";
    if (type.isF64())
      return "double";
    if (type.isF16() || type.isBF16())
      return "uint16_t";
    if (type.isInteger(1))
      return "_Bool";
    if (type.isInteger(8))
      return "int8_t";
    if (type.isInteger(16))
      return "int16_t";
    if (type.isInteger(32))
      return "int32_t";
    return type.isInteger(64) || type.isIndex() ? "int64_t" : "";
  }

  static bool isPassed(Type type) {
    auto memory = dyn_cast<MemRefType>(type);
    if (!memory)
      return !getTypeName(type).empty();
    return memory.getLayout().isIdentity() && !memory.getMemorySpace() &&
           !getTypeName(memory.getElementType()).empty();
  }

  /// "f32 [4, ?]" for a comment.
  static std::string describe(Type type) {
    std::string text;
    llvm::raw_string_ostream os(text);
    auto memory = dyn_cast<MemRefType>(type);
    os << (memory ? memory.getElementType() : type);
    if (!memory)
      return text;
    os << " [";
    llvm::interleaveComma(memory.getShape(), os, [&](int64_t size) {
      ShapedType::isDynamic(size) ? os << "?" : os << size;
    });
    os << "]";
    return text;
  }

  /// The names that the source has for inputs, with _ for what C has not in names, unless C would
  /// not take them together.
  SmallVector<std::string> getInputNames() {
    SmallVector<std::string> given, numbered;
    llvm::StringSet<> taken = {"workspace"};
    auto isFree = [&](StringRef name) {
      // Sizes and results have names of these forms.
      StringRef stem = name.rtrim("0123456789");
      return isIdentifier(name) && taken.insert(name).second &&
             !(stem.size() < name.size() && (stem == "y" || stem.ends_with("_d"))) &&
             !name.ends_with("_shape");
    };
    bool areUsable = true;
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i) {
      if (getFunctionArgument(func, i) != FunctionArgument::Input)
        continue;
      auto attr = func.getArgAttrOfType<StringAttr>(i, kNameAttr);
      std::string name = attr ? attr.str() : "";
      for (char &c : name)
        if (StringRef(".$-").contains(c))
          c = '_';
      given.push_back(name);
      numbered.push_back("x" + std::to_string(numbered.size()));
      areUsable &= isFree(given.back());
    }
    return areUsable ? given : numbered;
  }

  LogicalResult readInputs() {
    SmallVector<std::string> names = getInputNames();
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i) {
      if (getFunctionArgument(func, i) != FunctionArgument::Input)
        continue;
      Type type = func.getArgument(i).getType();
      if (!isPassed(type))
        return func.emitError() << "expected argument " << i
                                << " to be a tensor or a number of a type that C has, got " << type;
      CValue &input = inputs.emplace_back();
      input.type = type;
      input.name = names[inputs.size() - 1];
      auto memory = dyn_cast<MemRefType>(type);
      if (!memory) {
        input.declaration = (getTypeName(type) + " " + input.name).str();
        continue;
      }
      input.isState = isStateRole(getArgumentRole(func, i));
      input.declaration = ((input.isState ? "" : "const ") + getTypeName(memory.getElementType()) +
                           " *" + input.name)
                              .str();
    }
    return success();
  }

  LogicalResult readResults() {
    SmallVector<unsigned> arguments;
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i) {
      if (getFunctionArgument(func, i) == FunctionArgument::Workspace)
        hasWorkspace = true;
      if (getFunctionArgument(func, i) == FunctionArgument::Result)
        arguments.push_back(i);
    }
    unsigned count = arguments.size() + func.getNumResults();
    results.resize(count);
    for (unsigned argument : arguments) {
      CValue &result = results[getResultNumber(func, argument)];
      result.argument = argument;
      result.type = func.getArgument(argument).getType();
    }
    auto next = func.getResultTypes().begin();
    for (auto [i, result] : llvm::enumerate(results)) {
      if (!result.type)
        result.type = *next++;
      if (!isPassed(result.type) || (!result.argument && isa<MemRefType>(result.type)))
        return func.emitError() << "expected result " << i
                                << " to be a tensor or a number of a type that C has, got "
                                << result.type;
      result.name = "y" + std::to_string(i);
      result.declaration =
          (getTypeName(getElementTypeOrSelf(result.type)) + " *" + result.name).str();
    }
    return success();
  }

  /// Numbers of the interface of C, as MLIR has them.
  Value fromC(Value value, Type type) {
    if (!type.isIndex())
      return value;
    return arith::IndexCastOp::create(builder, loc, type, value);
  }
  Type getCType(Type type) { return type.isIndex() ? Type(builder.getI64Type()) : type; }

  func::FuncOp createEntry(StringRef name, ArrayRef<Type> types, Type result,
                           std::string declaration) {
    builder.setInsertionPoint(func);
    auto entry = func::FuncOp::create(builder, loc, name, builder.getFunctionType(types, result));
    entry->setAttr(kDeclarationAttr, builder.getStringAttr(declaration));
    symbols.insert(entry);
    builder.setInsertionPointToStart(entry.addEntryBlock());
    return entry;
  }

  /// Adds `int64_t NAME_dI` for the dynamic dimensions of an input.
  void declareSizes(const CValue &input, SmallVectorImpl<std::string> &declarations,
                    SmallVectorImpl<Type> &types) {
    auto memory = dyn_cast<MemRefType>(input.type);
    for (int64_t d = 0; memory && d < memory.getRank(); ++d)
      if (memory.isDynamicDim(d)) {
        declarations.push_back("int64_t " + input.name + "_d" + std::to_string(d));
        types.push_back(builder.getI64Type());
      }
  }

  /// The inputs of `func` from the arguments of an entry point, in whose sizes it is interested as
  /// well. Without `hasPointers` memory is nowhere.
  SmallVector<Value> takeInputs(ArrayRef<BlockArgument> &next, bool hasPointers,
                                SmallVectorImpl<Value> &pointers, SmallVectorImpl<Value> &sizes) {
    SmallVector<Value> values;
    auto take = [&] {
      Value value = next.front();
      next = next.drop_front();
      return value;
    };
    for (const CValue &input : inputs) {
      auto memory = dyn_cast<MemRefType>(input.type);
      if (!memory) {
        values.push_back(fromC(take(), input.type));
        continue;
      }
      Value start = hasPointers ? take() : LLVM::ZeroOp::create(builder, loc, pointer).getResult();
      pointers.push_back(start);
      size_t first = sizes.size();
      for (int64_t d = 0, e = memory.getNumDynamicDims(); d < e; ++d)
        sizes.push_back(take());
      values.push_back(createMemRef(builder, loc, converter, memory, start,
                                    ValueRange(sizes).drop_front(first)));
    }
    return values;
  }

  /// What `func` is called with, less its workspace. `places` are those of results, in order.
  SmallVector<Value> createArguments(ValueRange values, ValueRange places, ValueRange resultSizes) {
    SmallVector<Value> arguments;
    auto toC = [&](Value size) -> Value {
      return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), size);
    };
    SmallVector<Value> sizes = llvm::map_to_vector(resultSizes, toC);
    ValueRange nextSizes(sizes);
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
      switch (getFunctionArgument(func, i)) {
      case FunctionArgument::Input:
        arguments.push_back(values.front());
        values = values.drop_front();
        break;
      case FunctionArgument::Weights:
        arguments.push_back(createBytes(i, getWeights()));
        break;
      case FunctionArgument::Result: {
        auto type = cast<MemRefType>(func.getArgument(i).getType());
        unsigned dynamic = type.getNumDynamicDims();
        arguments.push_back(createMemRef(builder, loc, converter, type,
                                         places[getResultNumber(func, i)],
                                         nextSizes.take_front(dynamic)));
        nextSizes = nextSizes.drop_front(dynamic);
        break;
      }
      case FunctionArgument::Workspace:
        break;
      }
    return arguments;
  }

  /// Memory as large as it has to be.
  Value createBytes(unsigned argument, Value start) {
    auto type = cast<MemRefType>(func.getArgument(argument).getType());
    Value size = createConstant(builder, loc, std::numeric_limits<int64_t>::max());
    return createMemRef(builder, loc, converter, type, start, size);
  }

  /// The payload of the archive of weights, a symbol that whoever emits the object defines.
  Value getWeights() {
    auto module = func->getParentOfType<ModuleOp>();
    if (!symbols.lookup(kWeightsSymbol)) {
      OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
      symbols.insert(LLVM::GlobalOp::create(atStart, loc, builder.getI8Type(), /*isConstant=*/true,
                                            LLVM::Linkage::External, kWeightsSymbol, Attribute()));
    }
    return LLVM::AddressOfOp::create(builder, loc, pointer, kWeightsSymbol);
  }

  /// `int64_t NAME_workspace(SIZES, int64_t *y0_shape, ...)`
  func::FuncOp createSizeQuery() {
    SmallVector<std::string> declarations;
    SmallVector<Type> types;
    for (const CValue &input : inputs) {
      if (!isa<MemRefType>(input.type)) {
        declarations.push_back(input.declaration);
        types.push_back(getCType(input.type));
      }
      declareSizes(input, declarations, types);
    }
    for (const CValue &result : results)
      if (isa<MemRefType>(result.type)) {
        declarations.push_back("int64_t *" + result.name + "_shape");
        types.push_back(pointer);
      }
    std::string list = declarations.empty() ? "void" : llvm::join(declarations, ", ");
    func::FuncOp entry =
        createEntry(name + "_workspace", types, builder.getI64Type(),
                    "/* Bytes of the workspace of " + name +
                        "; writes the shapes of results where that is not null. */\nint64_t " +
                        name + "_workspace(" + list + ");");
    SmallVector<BlockArgument> all(entry.getArguments());
    ArrayRef<BlockArgument> next = all;
    SmallVector<Value> pointers, sizes;
    SmallVector<Value> values = takeInputs(next, /*hasPointers=*/false, pointers, sizes);
    SmallVector<Value> resultSizes = callResultSizes(builder, func, values, symbols);
    Value nowhere = LLVM::ZeroOp::create(builder, loc, pointer);
    SmallVector<Value> arguments =
        createArguments(values, SmallVector<Value>(results.size(), nowhere), resultSizes);
    storeShapes(next, resultSizes, nowhere);
    Value bytes = createConstant(builder, loc, 0);
    if (func::FuncOp size = lookupSizes(func, kWorkspaceSizeAttr, symbols)) {
      Value found = func::CallOp::create(builder, loc, size, arguments).getResult(0);
      bytes = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), found);
      // Callers need not align it.
      bytes = arith::AddIOp::create(builder, loc, bytes,
                                    createConstant(builder, loc, kWorkspaceAlignment - 1));
    }
    func::ReturnOp::create(builder, loc, bytes);
    return entry;
  }

  void storeShapes(ArrayRef<BlockArgument> shapes, ValueRange resultSizes, Value nowhere) {
    for (const CValue &result : results) {
      auto memory = dyn_cast<MemRefType>(result.type);
      if (!memory)
        continue;
      Value shape = shapes.front();
      shapes = shapes.drop_front();
      ValueRange sizes = resultSizes.take_front(memory.getNumDynamicDims());
      resultSizes = resultSizes.drop_front(memory.getNumDynamicDims());
      Value isWanted = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, shape, nowhere);
      auto wanted = scf::IfOp::create(builder, loc, isWanted);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(wanted.thenBlock()->getTerminator());
      for (int64_t d = 0; d < memory.getRank(); ++d) {
        Value size = memory.isDynamicDim(d)
                         ? arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                                      sizes[memory.getDynamicDimIndex(d)])
                         : createConstant(builder, loc, memory.getDimSize(d));
        Value place = LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), shape,
                                          ArrayRef<LLVM::GEPArg>(static_cast<int32_t>(d)));
        LLVM::StoreOp::create(builder, loc, size, place);
      }
    }
  }

  /// `int NAME(INPUTS, RESULTS, void *workspace)`
  func::FuncOp createCaller() {
    SmallVector<std::string> declarations;
    SmallVector<Type> types;
    std::string comment = "/* " + name + "(";
    llvm::raw_string_ostream os(comment);
    llvm::interleaveComma(inputs, os,
                          [&](const CValue &x) { os << x.name << ": " << describe(x.type); });
    os << ") -> (";
    llvm::interleaveComma(results, os,
                          [&](const CValue &y) { os << y.name << ": " << describe(y.type); });
    os << ") */\n";
    for (const CValue &input : inputs) {
      declarations.push_back(input.declaration);
      types.push_back(isa<MemRefType>(input.type) ? Type(pointer) : getCType(input.type));
      declareSizes(input, declarations, types);
    }
    for (const CValue &result : results) {
      declarations.push_back(result.declaration);
      types.push_back(pointer);
    }
    declarations.push_back("void *workspace");
    types.push_back(pointer);
    func::FuncOp entry =
        createEntry(name, types, builder.getI32Type(),
                    comment + "int " + name + "(" + llvm::join(declarations, ", ") + ");");
    // Compiled for every machine of the architecture, unlike what it calls.
    func.setNoInline(true);

    auto getStatus = [&](ternary_status status) -> Value {
      return arith::ConstantIntOp::create(builder, loc, status, 32);
    };
    Value status = LLVM::CallOp::create(builder, loc, getCheckFunction(), ValueRange()).getResult();
    Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, status,
                                       getStatus(TERNARY_OK));
    auto checked = scf::IfOp::create(builder, loc, builder.getI32Type(), fits,
                                     /*withElseRegion=*/true);
    func::ReturnOp::create(builder, loc, checked.getResult(0));
    builder.setInsertionPointToStart(checked.elseBlock());
    scf::YieldOp::create(builder, loc, status);
    builder.setInsertionPointToStart(checked.thenBlock());

    SmallVector<BlockArgument> all(entry.getArguments());
    ArrayRef<BlockArgument> next = all;
    SmallVector<Value> pointers, sizes;
    SmallVector<Value> values = takeInputs(next, /*hasPointers=*/true, pointers, sizes);
    SmallVector<Value> places(next.drop_back());
    llvm::append_range(pointers, places);
    Value workspace = next.back();
    if (hasWorkspace)
      pointers.push_back(workspace);
    auto called = scf::IfOp::create(builder, loc, builder.getI32Type(), isGood(pointers, sizes),
                                    /*withElseRegion=*/true);
    scf::YieldOp::create(builder, loc, called.getResult(0));
    builder.setInsertionPointToStart(called.elseBlock());
    scf::YieldOp::create(builder, loc, getStatus(TERNARY_BAD_ARGUMENT));
    builder.setInsertionPointToStart(called.thenBlock());
    SmallVector<Value> arguments =
        createArguments(values, places, callResultSizes(builder, func, values, symbols));
    if (hasWorkspace)
      arguments.push_back(createBytes(func.getNumArguments() - 1, align(workspace)));
    auto call = func::CallOp::create(builder, loc, func, arguments);
    auto returned = call.getResults().begin();
    for (auto [result, place] : llvm::zip_equal(results, places))
      if (!result.argument) {
        Value value = *returned++;
        if (result.type.isIndex())
          value = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
        LLVM::StoreOp::create(builder, loc, value, place);
      }
    scf::YieldOp::create(builder, loc, getStatus(TERNARY_OK));
    return entry;
  }

  /// Whether no pointer is null and no size negative.
  Value isGood(ValueRange pointers, ValueRange sizes) {
    Value good = arith::ConstantIntOp::create(builder, loc, 1, 1);
    auto require = [&](Value condition) {
      good = arith::AndIOp::create(builder, loc, good, condition);
    };
    Value nowhere = LLVM::ZeroOp::create(builder, loc, pointer);
    for (Value start : pointers)
      require(LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, start, nowhere));
    Value zero = createConstant(builder, loc, 0);
    for (Value size : sizes)
      require(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, size, zero));
    return good;
  }

  Value align(Value start) {
    Type i64 = builder.getI64Type();
    Value address = LLVM::PtrToIntOp::create(builder, loc, i64, start);
    address = LLVM::AddOp::create(builder, loc, address,
                                  createConstant(builder, loc, kWorkspaceAlignment - 1));
    address = LLVM::AndOp::create(builder, loc, address,
                                  createConstant(builder, loc, -kWorkspaceAlignment));
    return LLVM::IntToPtrOp::create(builder, loc, pointer, address);
  }

  /// `ternary_function_check` of runtime/function.c.
  LLVM::LLVMFuncOp getCheckFunction() {
    constexpr StringLiteral check = "ternary_function_check";
    if (auto known = symbols.lookup<LLVM::LLVMFuncOp>(check))
      return known;
    OpBuilder atStart = OpBuilder::atBlockBegin(func->getParentOfType<ModuleOp>().getBody());
    auto declared = LLVM::LLVMFuncOp::create(atStart, loc, check,
                                             LLVM::LLVMFunctionType::get(builder.getI32Type(), {}));
    symbols.insert(declared);
    return declared;
  }

  func::FuncOp func;
  const LLVMTypeConverter &converter;
  SymbolTable &symbols;
  Location loc;
  OpBuilder builder;
  Type pointer;
  std::string name;
  SmallVector<CValue> inputs, results;
  bool hasWorkspace = false;
};
} // namespace

LogicalResult ternary::createFunctionForC(func::FuncOp func, const LLVMTypeConverter &converter,
                                          SymbolTable &symbols) {
  return CFunction(func, converter, symbols).run();
}
