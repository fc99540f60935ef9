//===- LossPlot.cpp - The losses of a run as a picture --------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LossPlot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace ternary::train;

namespace {

struct Point {
  double step, loss;
};

constexpr double kWidth = 720, kHeight = 420;
constexpr double kLeft = 64, kRight = 20, kTop = 44, kBottom = 52;
constexpr size_t kMostPoints = 700; // about one for each pixel

/// A range of values and where its ends lie on the picture.
struct Axis {
  double least, most, from, to;

  double operator()(double value) const {
    return from + (value - least) / (most - least) * (to - from);
  }

  /// Round numbers within the range, about `count`.
  std::vector<double> ticks(int count) const {
    double rough = (most - least) / count, power = std::pow(10, std::floor(std::log10(rough)));
    double step = power * (rough / power < 1.5   ? 1
                           : rough / power < 3.5 ? 2
                           : rough / power < 7.5 ? 5
                                                 : 10);
    std::vector<double> values;
    for (double k = std::ceil(least / step - 1e-9); k * step <= most + 1e-9 * step; ++k)
      values.push_back(k * step);
    return values;
  }
};

class Drawing {
public:
  Drawing(Axis x, Axis y) : x(x), y(y) {}

  void curve(const std::vector<Point> &points, const char *style) {
    text += "<polyline fill=\"none\" " + std::string(style) + " points=\"";
    for (const Point &point : points)
      text += number(x(point.step)) + "," + number(y(point.loss)) + " ";
    text += "\"/>\n";
  }

  void dots(const std::vector<Point> &points, const char *color) {
    for (const Point &point : points)
      text += "<circle r=\"2.5\" fill=\"" + std::string(color) + "\" cx=\"" +
              number(x(point.step)) + "\" cy=\"" + number(y(point.loss)) + "\"/>\n";
  }

  void line(double x1, double y1, double x2, double y2, const char *style) {
    text += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
            "\" y2=\"" + number(y2) + "\" " + style + "/>\n";
  }

  void label(double x, double y, const std::string &content, const char *style) {
    text += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + style + ">" +
            escape(content) + "</text>\n";
  }

  void axes() {
    for (double tick : y.ticks(6)) {
      line(x.from, y(tick), x.to, y(tick), "stroke=\"#e4e4e4\"");
      label(x.from - 8, y(tick) + 4, tickText(tick), "text-anchor=\"end\"");
    }
    for (double tick : x.ticks(8)) {
      line(x(tick), y.from, x(tick), y.from + 5, "stroke=\"#444\"");
      label(x(tick), y.from + 19, tickText(tick), "text-anchor=\"middle\"");
    }
    line(x.from, y.from, x.to, y.from, "stroke=\"#444\"");
    line(x.from, y.from, x.from, y.to, "stroke=\"#444\"");
    label((x.from + x.to) / 2, kHeight - 12, "step", "text-anchor=\"middle\"");
    label(0, 0, "loss, nats per token",
          "text-anchor=\"middle\" transform=\"translate(16 210) rotate(-90)\"");
  }

  std::string text;

private:
  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.2f", value);
    return text;
  }

  static std::string tickText(double value) {
    char text[32]; // adding zero makes -0 a 0
    std::snprintf(text, sizeof(text), "%.10g", std::round(value * 1e9) / 1e9 + 0.0);
    return text;
  }

  static std::string escape(const std::string &content) {
    std::string escaped;
    for (char c : content)
      escaped += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
    return escaped;
  }

  Axis x, y;
};

} // namespace

/// Means of neighbours where there are more points than can be seen.
static std::vector<Point> thinOut(const std::vector<Point> &points) {
  if (points.size() <= kMostPoints)
    return points;
  std::vector<Point> means;
  for (size_t i = 0; i < kMostPoints; ++i) {
    size_t from = i * points.size() / kMostPoints, to = (i + 1) * points.size() / kMostPoints;
    Point sum = {0, 0};
    for (size_t k = from; k < to; ++k)
      sum = {sum.step + points[k].step, sum.loss + points[k].loss};
    double count = static_cast<double>(to - from);
    means.push_back({sum.step / count, sum.loss / count});
  }
  return means;
}

std::string ternary::train::plotLosses(const std::string &title, const std::vector<LossRow> &rows) {
  std::vector<Point> raw, smoothed, valid;
  SmoothedLoss smooth;
  for (const LossRow &row : rows) {
    double step = static_cast<double>(row.step);
    raw.push_back({step, row.loss});
    smoothed.push_back({step, smooth.add(row.loss)});
    if (row.validLoss)
      valid.push_back({step, *row.validLoss});
  }
  raw = thinOut(raw);
  smoothed = thinOut(smoothed);
  valid = thinOut(valid);

  Axis x = {0, std::max(1.0, rows.empty() ? 1.0 : static_cast<double>(rows.back().step)), kLeft,
            kWidth - kRight};
  Axis y = {INFINITY, -INFINITY, kHeight - kBottom, kTop};
  for (const std::vector<Point> *points : {&raw, &smoothed, &valid})
    for (const Point &point : *points) {
      y.least = std::min(y.least, point.loss);
      y.most = std::max(y.most, point.loss);
    }
  if (!(y.least < y.most)) {
    y.most = std::isfinite(y.most) ? y.most + 0.5 : 1;
    y.least = y.most - 1;
  }
  double margin = (y.most - y.least) / 20;
  y.least = std::max(0.0, y.least - margin);
  y.most += margin;

  Drawing drawing(x, y);
  drawing.axes();
  drawing.label(kLeft, 24, title, "font-size=\"15\" font-weight=\"bold\"");
  const char *const kTrain = "stroke=\"#4477aa\" stroke-width=\"2\"";
  const char *const kValid = "stroke=\"#cc3311\" stroke-width=\"2\"";
  drawing.curve(raw, "stroke=\"#4477aa\" stroke-opacity=\"0.25\"");
  drawing.curve(smoothed, kTrain);
  drawing.line(kWidth - 290, 20, kWidth - 266, 20, kTrain);
  drawing.label(kWidth - 260, 24, "training, smoothed", "");
  if (!valid.empty()) {
    drawing.curve(valid, kValid);
    drawing.dots(valid, "#cc3311");
    drawing.line(kWidth - 120, 20, kWidth - 96, 20, kValid);
    drawing.label(kWidth - 90, 24, "validation", "");
  }
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 420\" "
         "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
         "<rect width=\"720\" height=\"420\" fill=\"#fff\"/>\n" +
         drawing.text + "</svg>\n";
}
