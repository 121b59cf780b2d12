/* A network that tells two spirals apart: made, trained, saved with its training, and loaded again.  The loaded one predicts
 * the same bytes and goes on to train where the first one was. */
#include <penstock/penstock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 1000, EPOCHS = 60 };

static void check(ps_status status) {
  if (status == PS_OK) return;
  fprintf(stderr, "%s: %s\n", ps_status_name(status), ps_last_error());
  exit(1);
}

/* Every other point lies on the second spiral, which is the first one turned by half a turn. */
static void make_spirals(ps_tensor **x, ps_tensor **y) {
  static float points[POINTS][2];
  static int64_t classes[POINTS];
  const float cosine = 0.999928f, sine = 0.0119997f; /* of the angle from one point to the next */
  float direction[2] = {1, 0};
  for (int i = 0; i < POINTS; i += 2) {
    const float radius = (float)i / POINTS;
    for (int spiral = 0; spiral < 2; ++spiral) {
      points[i + spiral][0] = spiral == 0 ? radius * direction[0] : -radius * direction[0];
      points[i + spiral][1] = spiral == 0 ? radius * direction[1] : -radius * direction[1];
      classes[i + spiral] = spiral;
    }
    const float turned = cosine * direction[0] - sine * direction[1];
    direction[1] = sine * direction[0] + cosine * direction[1];
    direction[0] = turned;
  }
  const int64_t shape[] = {POINTS, 2};
  check(ps_tensor_from_data(x, PS_FLOAT32, 2, shape, points, sizeof(points), NULL));
  check(ps_tensor_from_data(y, PS_INT64, 1, shape, classes, sizeof(classes), NULL));
}

static ps_model *make_model(void) {
  ps_model *model;
  check(ps_model_create(&model, "{\"seed\": 1}"));
  check(ps_model_add(model, "dense", "{\"in_features\": 2, \"out_features\": 32, \"activation\": \"tanh\"}", NULL));
  check(ps_model_add(model, "dense", "{\"in_features\": 32, \"out_features\": 32, \"activation\": \"tanh\"}", NULL));
  check(ps_model_add(model, "dense", "{\"in_features\": 32, \"out_features\": 2, \"activation\": \"softmax\"}", NULL));
  check(ps_model_compile(model,
                         "{\"loss\": \"cross_entropy\", \"metrics\": [\"accuracy\"],"
                         " \"optimizer\": {\"name\": \"adam\", \"learning_rate\": 0.01}}"));
  return model;
}

static void fit(ps_model *model, const ps_tensor *x, const ps_tensor *y, int64_t epochs) {
  ps_fit_options options = PS_FIT_OPTIONS_INIT;
  options.epochs = epochs;
  check(ps_model_fit(model, x, y, &options));
}

static double accuracy(ps_model *model, const ps_tensor *x, const ps_tensor *y) {
  ps_batch_result result = PS_BATCH_RESULT_INIT;
  double accuracy;
  check(ps_model_reset_metrics(model));
  check(ps_model_test_on_batch(&result, model, x, y, NULL));
  check(ps_model_metric(&accuracy, model, 0));
  return accuracy;
}

static int predict_alike(ps_model *one, ps_model *other, const ps_tensor *x) {
  ps_tensor *first, *second;
  check(ps_model_predict(&first, one, x, 100));
  check(ps_model_predict(&second, other, x, 100));
  const int alike = memcmp(ps_tensor_data(first), ps_tensor_data(second), sizeof(float[POINTS][2])) == 0;
  ps_tensor_release(first);
  ps_tensor_release(second);
  return alike;
}

int main(void) {
  const char *path = "spirals.safetensors";
  ps_tensor *x, *y;
  make_spirals(&x, &y);
  ps_model *model = make_model(), *loaded;
  printf("before training it is right for %s\n", accuracy(model, x, y) < 0.7 ? "few of them" : "most of them");
  fit(model, x, y, EPOCHS);
  printf("after %d epochs it is right for %s\n", (int)ps_model_epoch(model),
         accuracy(model, x, y) > 0.98 ? "nearly all" : "too few");

  check(ps_model_save(path, model, 1, NULL));
  check(ps_model_load(&loaded, path));
  printf("the loaded one predicts %s\n", predict_alike(model, loaded, x) ? "the same" : "something else");
  fit(model, x, y, EPOCHS + 5);
  fit(loaded, x, y, EPOCHS + 5);
  printf("5 epochs later both predict %s\n", predict_alike(model, loaded, x) ? "the same" : "something else");

  ps_model_release(loaded);
  ps_model_release(model);
  ps_tensor_release(y);
  ps_tensor_release(x);
  remove(path);
  return 0;
}

/* It prints:
 *   before training it is right for few of them
 *   after 60 epochs it is right for nearly all
 *   the loaded one predicts the same
 *   5 epochs later both predict the same
 */
