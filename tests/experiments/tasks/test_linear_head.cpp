#include <omp.h>

#include <cmath>

#include "core/util/error.h"
#include "experiments/tasks/task.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::tasks;

namespace {

constexpr int kRows = 12;
constexpr int kHidden = 3;

std::vector<float> features() {
  std::vector<float> values;
  for (int i = 0; i < kRows; ++i)
    for (int j = 0; j < kHidden; ++j)
      values.push_back(static_cast<float>(std::sin(1.0 + 3 * i + 7 * j * j) + 0.5 * j));
  return values;
}

std::vector<double> scores() {
  std::vector<double> values;
  for (int i = 0; i < kRows; ++i) values.push_back(std::cos(0.7 * i) + 0.05 * i);
  return values;
}

std::vector<double> classes() {
  std::vector<double> values = scores();
  for (double& value : values) value = value > 0.2 ? 1.0 : 0.0;
  return values;
}

}  // namespace

// Expected values: the normal equations in NumPy and scikit-learn's Ridge, which agree.
TEST_CASE("Ridge equals scikit-learn on z-scored features") {
  const auto head = fit_ridge(features(), kHidden, scores(), 0.3 * kRows);
  CHECK(head.mean[0] == Approx(0.06121021967070798).epsilon(1e-12));
  CHECK(head.std[1] == Approx(0.7659291297497662).epsilon(1e-12));
  CHECK(head.weight[0] == Approx(0.015644544179419857).epsilon(1e-10));
  CHECK(head.weight[1] == Approx(0.01254130009343923).epsilon(1e-10));
  CHECK(head.weight[2] == Approx(-0.012432301922209612).epsilon(1e-10));
  CHECK(head.bias == Approx(0.43585303141517723).epsilon(1e-12));
  CHECK(head.apply(features().data()) == Approx(0.49331493488311007).epsilon(1e-12));
}

// Expected values: BFGS in SciPy to a gradient norm of 1e-9; scikit-learn agrees to 7 digits.
TEST_CASE("Logistic regression equals SciPy's minimum") {
  const auto head = fit_logistic(features(), kHidden, classes(), 0.03);
  CHECK(head.weight[0] == Approx(0.17646648259869915).epsilon(1e-6));
  CHECK(head.weight[1] == Approx(-0.0437097075382843).epsilon(1e-6));
  CHECK(head.weight[2] == Approx(-0.26943258354439426).epsilon(1e-6));
  CHECK(head.bias == Approx(0.7213972017492359).epsilon(1e-6));
}

TEST_CASE("A fit repeats bit by bit and its hash names its numbers") {
  const auto head = fit_ridge(features(), kHidden, scores(), 1.0);
  CHECK(head.hash.size() == 64);
  CHECK(fit_ridge(features(), kHidden, scores(), 1.0).hash == head.hash);
  CHECK(fit_ridge(features(), kHidden, scores(), 1.5).hash != head.hash);
}

TEST_CASE("A fit does not depend on the number of threads") {
  std::vector<float> values;
  std::vector<double> labels;
  for (int i = 0; i < 2000; ++i) {
    labels.push_back(i % 3 == 0 ? 1.0 : 0.0);
    for (int j = 0; j < 96; ++j) values.push_back(static_cast<float>(std::sin(i * 1.7 + j * i)));
  }
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const std::string ridge = fit_ridge(values, 96, labels, 1.0).hash;
  const std::string logistic = fit_logistic(values, 96, labels, 0.1).hash;
  omp_set_num_threads(2);
  CHECK(fit_ridge(values, 96, labels, 1.0).hash == ridge);
  CHECK(fit_logistic(values, 96, labels, 0.1).hash == logistic);
  CHECK(omp_get_max_threads() == 2);
  omp_set_num_threads(before);
}

TEST_CASE("A constant feature has no influence") {
  std::vector<float> values = features();
  for (size_t i = 0; i < values.size(); i += kHidden) values[i] = 4.0f;
  const auto head = fit_ridge(values, kHidden, scores(), 1.0);
  CHECK(std::abs(head.weight[0]) < 1e-9);
  CHECK(std::isfinite(head.apply(values.data())));
}

TEST_CASE("The penalty keeps separable rows finite, and the bias is free of it") {
  const std::vector<float> values{-2, -1, 1, 2};
  const std::vector<double> labels{0, 0, 1, 1};
  const auto head = fit_logistic(values, 1, labels, 0.01);
  CHECK(head.weight[0] > 0.0);
  CHECK(std::abs(head.bias) < 1e-8);
  // Three of four positive: the mean predicted probability meets that whatever the penalty.
  const auto skewed = fit_logistic(values, 1, {1, 0, 1, 1}, 10.0);
  double mean = 0.0;
  for (float value : values) mean += 0.25 / (1.0 + std::exp(-skewed.apply(&value)));
  CHECK(mean == Approx(0.75).epsilon(1e-7));
}

TEST_CASE("A constant feature without a penalty is refused") {
  const std::vector<float> values{1, 4, 2, 4, 5, 4};
  CHECK_THROWS_WITH(fit_ridge(values, 2, {1, 2, 5}, 0.0), ContainsSubstring("head_lambda"));
}

TEST_CASE("A head is not fitted on too little or on labels that do not fit it") {
  CHECK_THROWS_AS(fit_ridge({}, 2, {}, 1.0), DataError);
  CHECK_THROWS_AS(fit_ridge({1, 2}, 2, {1}, 1.0), DataError);
  CHECK_THROWS_AS(fit_ridge({1, 2, 3}, 2, {1, 2}, 1.0), DataError);
  CHECK_THROWS_WITH(fit_ridge({1, 2, 3, 4}, 2, {3, 3}, 1.0), ContainsSubstring("differ"));
  CHECK_THROWS_WITH(fit_logistic({1, 2, 3, 4}, 2, {0, 2}, 1.0), ContainsSubstring("binarize"));
}
