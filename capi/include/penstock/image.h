/* penstock/image.h: JPEG and PNG images decoded into tensors, and the steps from pixels to what a network eats.
 *
 * JPEG is decoded by a plug-in beside the library, libcore_jpeg.so: a build without it refuses JPEG images with
 * PS_UNAVAILABLE and says how to get it.  Images are read as untrusted: what is damaged or cut short is PS_DATA_ERROR, never
 * half a picture.
 *
 * What holds for every function here: PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional), a
 * value outside its enum or limits, or a struct that is not as base.h says; PS_OUT_OF_MEMORY: nothing stays allocated.
 *
 * Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_IMAGE_H
#define PENSTOCK_IMAGE_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Decoding                                                                                                         */

typedef enum ps_image_format PS_ENUM_BASE { PS_IMAGE_JPEG = 1, PS_IMAGE_PNG = 2 } ps_image_format;

/* What pixels are wanted as.  Levels of 16 bits keep their upper 8, those of 1, 2 and 4 bits are spread over 0 to 255. */
typedef enum ps_image_colour PS_ENUM_BASE {
  PS_IMAGE_RGB = 0,   /* 3 channels: grey is repeated, alpha is dropped */
  PS_IMAGE_GREY = 1,  /* 1 channel: colour by (19595 R + 38470 G + 7471 B + 32768) / 65536, alpha is dropped */
  PS_IMAGE_STORED = 2 /* as the file has it: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; a palette gives 3 or 4 */
} ps_image_colour;

/* What an image's header says.  struct_size is the caller's to set; a newer library fills no more than that. */
typedef struct ps_image_info {
  uint32_t struct_size;
  ps_image_format format;
  int32_t width; /* pixels, as stored: before the orientation is applied */
  int32_t height;
  int32_t channels;    /* what PS_IMAGE_STORED gives; 4 for a JPEG of CMYK, which ps_image_decode() refuses */
  int32_t bits;        /* of a channel in the file, 1 to 16; pixels always come with 8 */
  int32_t orientation; /* EXIF's, 1 to 8; 1, upright, where the file has none */
  int32_t reserved;    /* 0 */
} ps_image_info;

#define PS_IMAGE_INFO_INIT \
  { sizeof(ps_image_info), PS_IMAGE_JPEG, 0, 0, 0, 0, 0, 0 }

/* What PS_IMAGE_INFO_INIT does; struct_size is sizeof(ps_image_info).
 *
 * PS_INVALID_ARGUMENT  info is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_image_info_init(ps_image_info *info, uint32_t struct_size);

/* Reads an image's header, without decoding and without a plug-in.
 *
 * info         its struct_size set
 * bytes, size  the image, or as much of its beginning as holds its sizes (and the orientation, if that is asked for)
 *
 * PS_DATA_ERROR  neither a JPEG nor a PNG, or a header that is damaged or cut short. */
PS_API ps_status ps_image_read_info(ps_image_info *info, const void *bytes, uint64_t size);

/* How an image is decoded. */
typedef struct ps_image_decode_options {
  uint32_t struct_size;
  ps_image_colour colour;
  int32_t apply_orientation; /* 1: pixels are turned and mirrored as EXIF's orientation says; 0: as they are stored */
  int32_t shrink;            /* JPEG: 1, 2, 4 or 8: at that fraction of both sizes, rounded up; PNG: ignored */
  int64_t largest_pixels;    /* 1 to 2^40; an image of more (width times height) is refused before memory is taken */
} ps_image_decode_options;

#define PS_IMAGE_DECODE_OPTIONS_INIT \
  { sizeof(ps_image_decode_options), PS_IMAGE_RGB, 0, 1, 178956970 }

/* What PS_IMAGE_DECODE_OPTIONS_INIT does; struct_size is sizeof(ps_image_decode_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_image_decode_options_init(ps_image_decode_options *options, uint32_t struct_size);

/* Decodes an image into a new tensor (height, width, channels) of uint8 on the CPU.
 *
 * bytes, size  the whole image; not kept
 * options      optional
 *
 * JPEG: baseline, extended and progressive, grey or colour with any subsampling, 8 bits; within 1 level of what Pillow gives.
 * PNG: all kinds, exact.
 *
 * PS_DATA_ERROR   neither a JPEG nor a PNG, damaged, cut short, of more pixels than options allow, CMYK or YCCK.
 * PS_UNAVAILABLE  a JPEG, and this build has no plug-in for it. */
PS_API ps_status ps_image_decode(ps_tensor **out, const void *bytes, uint64_t size,
                                 const ps_image_decode_options *options);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Steps                                                                                                            */

/* What a step does.  Steps of space make levels (0 to 255) of levels; steps of value make numbers of levels.  Crops and
 * flips may stand anywhere; all others of space stand before the first step of value. */
typedef enum ps_image_step_kind PS_ENUM_BASE {
  PS_IMAGE_RESIZE = 1,              /* height, width, filter, antialias; width 0: the shorter side becomes height */
  PS_IMAGE_CENTER_CROP = 2,         /* height, width */
  PS_IMAGE_RANDOM_CROP = 3,         /* height, width, padding, fill: pads first, then crops anywhere */
  PS_IMAGE_RANDOM_RESIZED_CROP = 4, /* height, width, filter, antialias, scale, ratio: a crop drawn so, resized */
  PS_IMAGE_HORIZONTAL_FLIP = 5,     /* probability: left becomes right */
  PS_IMAGE_VERTICAL_FLIP = 6,       /* probability: top becomes bottom */
  PS_IMAGE_PAD = 7,                 /* padding, fill */
  PS_IMAGE_TO_GREY = 8,             /* 3 or 4 channels become 1, as PS_IMAGE_GREY; 2 lose alpha; 1 stays */
  PS_IMAGE_TO_DTYPE = 9,            /* dtype, scale_levels: a step of value */
  PS_IMAGE_NORMALIZE = 10           /* channels, mean, standard_deviation: a step of value, after a PS_IMAGE_TO_DTYPE */
} ps_image_step_kind;

/* How a resize weighs pixels.  With antialias the first two are Pillow's, bit for bit; without, what shrinks is sampled
 * as by torch's interpolate().  AREA is the mean over the exact area that a new pixel covers. */
typedef enum ps_image_filter PS_ENUM_BASE {
  PS_IMAGE_BILINEAR = 0,
  PS_IMAGE_BICUBIC = 1,
  PS_IMAGE_AREA = 2 /* antialias is ignored */
} ps_image_filter;

/* One step.  Each kind reads the fields that its comment above names. */
typedef struct ps_image_step {
  uint32_t struct_size;
  ps_image_step_kind kind;
  int32_t height; /* pixels, 1 to 65535 */
  int32_t width;
  ps_image_filter filter;
  int32_t antialias;    /* 0 or 1 */
  int32_t padding[4];   /* pixels at the left, top, right, bottom: 0 to 65535 */
  uint8_t fill[4];      /* the level of each channel in what is padded */
  ps_dtype dtype;       /* PS_UINT8, PS_FLOAT16, PS_BFLOAT16, PS_FLOAT32 or PS_FLOAT64 */
  int32_t scale_levels; /* 1: 0 to 255 becomes 0 to 1 (dtype is not PS_UINT8); 0: levels are numbers as they are */
  int32_t channels;     /* how many of mean and standard_deviation count: 1 (the same for all) to 4 */
  double probability;   /* 0 to 1 */
  double scale_lowest;  /* of the image's area: above 0, up to 1 */
  double scale_highest;
  double ratio_lowest; /* of width to height: above 0 */
  double ratio_highest;
  double mean[4]; /* number becomes (number - mean) / standard_deviation */
  double standard_deviation[4];
} ps_image_step;

/* kind is to be set; the others are what one mostly wants of them. */
#define PS_IMAGE_STEP_INIT                                                                                             \
  {                                                                                                                    \
    sizeof(ps_image_step), PS_IMAGE_RESIZE, 224, 224, PS_IMAGE_BILINEAR, 1, {0, 0, 0, 0}, {0, 0, 0, 0}, PS_FLOAT32, 0, \
        1, 0.5, 0.08, 1.0, 0.75, 4.0 / 3.0, {0, 0, 0, 0}, {                                                            \
      1, 1, 1, 1                                                                                                       \
    }                                                                                                                  \
  }

/* What PS_IMAGE_STEP_INIT does; struct_size is sizeof(ps_image_step).
 *
 * PS_INVALID_ARGUMENT  step is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_image_step_init(ps_image_step *step, uint32_t struct_size);

/* A list of steps, checked.  Threads: any number may use one at once, and retain and release it. */
typedef struct ps_image_transforms ps_image_transforms;

/* Checks a list of steps and keeps a copy of it.
 *
 * out         receives one hold, the caller's to give back with ps_image_transforms_release()
 * steps       step_count of them, side by side, each of the first one's struct_size; optional when step_count is 0: then
 *             levels stay as they are
 * step_count  0 to 1000
 *
 * PS_INVALID_ARGUMENT  also: a step's value outside its limits, or a step where it may not stand; the message has its
 *                      place in the list, from 0. */
PS_API ps_status ps_image_transforms_make(ps_image_transforms **out, const ps_image_step *steps, int32_t step_count);

/* Takes one more hold and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_image_transforms *ps_image_transforms_retain(ps_image_transforms *transforms);

/* Gives one hold back.  NULL is accepted and does nothing. */
PS_API void ps_image_transforms_release(ps_image_transforms *transforms);

/* The dtype that comes out: PS_UINT8, or what the last PS_IMAGE_TO_DTYPE names.  0 for NULL. */
PS_API ps_dtype ps_image_transforms_dtype(const ps_image_transforms *transforms);

/* The sizes that come out for an image of given sizes: they depend on nothing else.
 *
 * sizes     receives 3 numbers: height, width, channels
 * height, width, channels  of the image: 1 to 2,147,483,647 pixels a side, 1 to 4 channels
 *
 * PS_INVALID_ARGUMENT  also: a step cannot take such an image: a crop larger than it, more channels than it has numbers. */
PS_API ps_status ps_image_transforms_shape(int64_t *sizes, const ps_image_transforms *transforms, int64_t height,
                                           int64_t width, int64_t channels);

/* In which order the axes of a transformed image stand. */
typedef enum ps_image_layout PS_ENUM_BASE {
  PS_IMAGE_CHANNELS_LAST = 0, /* (height, width, channels), as decoded */
  PS_IMAGE_CHANNELS_FIRST = 1 /* (channels, height, width), as torch wants it */
} ps_image_layout;

/* How steps are applied. */
typedef struct ps_image_apply_options {
  uint32_t struct_size;
  ps_image_layout layout;
  uint64_t seed;   /* what is random is a function of these three and of the step's place in its list */
  uint64_t epoch;  /* any number */
  uint64_t sample; /* any number: the image's own in its set */
  int32_t
      scaled_decode; /* 1: a JPEG whose first step is a resize to less than half may be decoded smaller; see there */
  int32_t reserved;  /* 0 */
} ps_image_apply_options;

#define PS_IMAGE_APPLY_OPTIONS_INIT \
  { sizeof(ps_image_apply_options), PS_IMAGE_CHANNELS_LAST, 0, 0, 0, 0, 0 }

/* What PS_IMAGE_APPLY_OPTIONS_INIT does; struct_size is sizeof(ps_image_apply_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_image_apply_options_init(ps_image_apply_options *options, uint32_t struct_size);

/* Applies steps to an image, or to each of a batch, on the process's threads.
 *
 * out         receives one hold on a new tensor: (height, width, channels) or (channels, height, width) as layout says,
 *             behind the batch's axis where there is one
 * transforms  what is done
 * images      uint8 on the CPU, any strides: (height, width, channels), or (count, height, width, channels), whose image i
 *             is sample options->sample + i
 * options     optional
 *
 * PS_INVALID_ARGUMENT  also: as ps_image_transforms_shape(); images has another number of axes.
 * PS_TYPE_MISMATCH     images is not of uint8.  PS_UNAVAILABLE  it is not on the CPU. */
PS_API ps_status ps_image_transforms_apply(ps_tensor **out, const ps_image_transforms *transforms,
                                           const ps_tensor *images, const ps_image_apply_options *options);

/* Decodes an image and applies steps to it: ps_image_decode() and ps_image_transforms_apply() in one.
 *
 * decode, options  optional
 *
 * With scaled_decode, a JPEG whose first step resizes it with antialias to at most 1/2, 1/4, 1/8 of what a decoder that
 * shrinks gives is decoded at 1/2, 1/4, 1/8 of its size (decode->shrink must then be 1), in less time.  Levels then differ from
 * those of the whole image: docs/images.md says by how much.
 *
 * Statuses as theirs. */
PS_API ps_status ps_image_transforms_decode(ps_tensor **out, const ps_image_transforms *transforms, const void *bytes,
                                            uint64_t size, const ps_image_decode_options *decode,
                                            const ps_image_apply_options *options);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Labels                                                                                                           */

/* Writes each label as a row that is 1 at the label and 0 elsewhere, into a new tensor of one axis more.
 *
 * labels       of an integer dtype, any shape and strides, on the CPU
 * class_count  the length of a row: 1 and up
 * dtype        any but the storage-only ones
 *
 * PS_OUT_OF_RANGE     a label is below 0 or not below class_count: the message has it and its place.
 * PS_TYPE_MISMATCH    labels are not integers, or dtype is storage-only.  PS_UNAVAILABLE  labels are not on the CPU. */
PS_API ps_status ps_one_hot(ps_tensor **out, const ps_tensor *labels, int64_t class_count, ps_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
