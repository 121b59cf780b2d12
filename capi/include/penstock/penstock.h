/* penstock/penstock.h: every public header of penstock, in the order they build on each other. */
#ifndef PENSTOCK_PENSTOCK_H
#define PENSTOCK_PENSTOCK_H

#include <penstock/autograd.h>
#include <penstock/base.h>
#include <penstock/dlpack.h>
#include <penstock/image.h>
#include <penstock/kpu.h>
#include <penstock/linalg.h>
#include <penstock/loader.h>
#include <penstock/nn.h>
#include <penstock/ops.h>
#include <penstock/ops_join.h>
#include <penstock/ops_order.h>
#include <penstock/random.h>
#include <penstock/safetensors.h>
#include <penstock/samples.h>
#include <penstock/stream.h>
#include <penstock/tensor.h>
#include <penstock/tensor_file.h>
#include <penstock/tensor_index.h>
#include <penstock/worlds.h>
#include <penstock/worlds_record.h>

#endif
