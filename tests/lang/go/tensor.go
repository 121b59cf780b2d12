// penstock from Go, by cgo: go build, with pkg-config able to find penstock.
//
// Makes a tensor, fills it, views one row, releases the parent first, and reads the row; then asks for a row that is not
// there. Nothing is held at the end.
package main

// #cgo pkg-config: penstock
// #include <penstock/penstock.h>
import "C"

import (
	"errors"
	"fmt"
	"log"
	"reflect"
	"runtime"
	"strings"
	"unsafe"
)

// Tensor holds one ps_tensor. Release gives it back.
type Tensor struct{ handle *C.ps_tensor }

// check turns a status into an error with penstock's sentence. That sentence belongs to the thread of the failed call, so
// the goroutine that calls both must be locked to its thread.
func check(status C.ps_status) error {
	if status == C.PS_OK {
		return nil
	}
	return errors.New(C.GoString(C.ps_status_name(status)) + ": " + C.GoString(C.ps_last_error()))
}

// Zeros makes a float32 tensor of zeros.
func Zeros(shape ...int64) (Tensor, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var handle *C.ps_tensor
	sizes := (*C.int64_t)(unsafe.Pointer(&shape[0]))
	err := check(C.ps_tensor_zeros(&handle, C.PS_FLOAT32, C.int32_t(len(shape)), sizes, nil))
	return Tensor{handle}, err
}

// Select views one index of one axis. The view keeps the memory alive.
func (tensor Tensor) Select(axis int32, index int64) (Tensor, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var handle *C.ps_tensor
	err := check(C.ps_tensor_select(&handle, tensor.handle, C.int32_t(axis), C.int64_t(index)))
	return Tensor{handle}, err
}

// Elements shares the memory of a contiguous float32 tensor, until its Release.
func (tensor Tensor) Elements() []float32 {
	data := (*float32)(C.ps_tensor_mutable_data(tensor.handle))
	return unsafe.Slice(data, int(C.ps_tensor_element_count(tensor.handle)))
}

// Release gives the hold back; the tensor must not be used after it.
func (tensor Tensor) Release() { C.ps_tensor_release(tensor.handle) }

// must ends the program on an error.
func must[Value any](value Value, err error) Value {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func memoryUsage() (C.ps_memory_usage, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	usage := C.ps_memory_usage{struct_size: C.uint32_t(unsafe.Sizeof(C.ps_memory_usage{}))}
	err := check(C.ps_memory_stats(&usage, C.PS_DEVICE_CPU, 0))
	return usage, err
}

func main() {
	matrix := must(Zeros(2, 3))
	for index := range matrix.Elements() {
		matrix.Elements()[index] = float32(index)
	}
	row := must(matrix.Select(0, 1))
	matrix.Release() // the row keeps the memory alive
	if values := row.Elements(); !reflect.DeepEqual(values, []float32{3, 4, 5}) {
		log.Fatalf("row 1 is %v, expected 3, 4, 5", values)
	}

	_, err := row.Select(0, 7)
	if err == nil || !strings.Contains(err.Error(), "PS_OUT_OF_RANGE: index 7 is outside axis 0") {
		log.Fatalf("index 7 of three gave %v, expected an error with the index and the axis", err)
	}

	row.Release()
	if usage := must(memoryUsage()); usage.live_bytes != 0 || usage.live_storages != 0 {
		log.Fatalf("%d bytes in %d storages are still held", usage.live_bytes, usage.live_storages)
	}
	fmt.Println("ok: Go, penstock", C.GoString(C.ps_version()))
}
