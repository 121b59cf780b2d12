//! penstock from Rust: rustc tensor.rs -L native=/where/libcore.so/is -l dylib=core
//!
//! Makes a tensor, fills it, views one row, releases the parent first, and reads the row; then asks for a row that is
//! not there. Nothing is held at the end.

use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::{fmt, ptr, slice};

/// What this program uses of the headers.
mod ffi {
    use super::*;

    pub const PS_OK: i32 = 0;
    pub const PS_DEVICE_CPU: i32 = 1;
    pub const PS_FLOAT32: i32 = 12;

    #[repr(C)]
    pub struct Tensor {
        _opaque: [u8; 0],
    }

    #[repr(C)]
    #[derive(Default)]
    pub struct MemoryUsage {
        pub struct_size: u32,
        pub reserved: u32,
        pub live_bytes: u64,
        pub peak_bytes: u64,
        pub live_storages: u64,
        pub wrapped_bytes: u64,
    }

    extern "C" {
        pub fn ps_version() -> *const c_char;
        pub fn ps_last_error() -> *const c_char;
        pub fn ps_status_name(status: i32) -> *const c_char;
        pub fn ps_memory_stats(usage: *mut MemoryUsage, device_type: i32, device_id: i32) -> i32;
        pub fn ps_tensor_zeros(
            out: *mut *mut Tensor,
            dtype: i32,
            ndim: i32,
            shape: *const i64,
            options: *const c_void,
        ) -> i32;
        pub fn ps_tensor_select(out: *mut *mut Tensor, tensor: *mut Tensor, axis: i32, index: i64) -> i32;
        pub fn ps_tensor_release(tensor: *mut Tensor);
        pub fn ps_tensor_element_count(tensor: *const Tensor) -> i64;
        pub fn ps_tensor_data(tensor: *const Tensor) -> *const c_void;
        pub fn ps_tensor_mutable_data(tensor: *const Tensor) -> *mut c_void;
    }
}

/// A failed call: the name of its status, and penstock's sentence.
#[derive(Debug)]
struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Copies a string of the library's.
fn text(string: *const c_char) -> String {
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

fn check(status: i32) -> Result<(), Error> {
    match status {
        ffi::PS_OK => Ok(()),
        _ => Err(Error(unsafe { format!("{}: {}", text(ffi::ps_status_name(status)), text(ffi::ps_last_error())) })),
    }
}

/// One hold on a contiguous float32 tensor, given back on drop.
struct Tensor(*mut ffi::Tensor);

impl Tensor {
    fn zeros(shape: &[i64]) -> Result<Tensor, Error> {
        let mut handle = ptr::null_mut();
        let ndim = shape.len() as i32;
        check(unsafe { ffi::ps_tensor_zeros(&mut handle, ffi::PS_FLOAT32, ndim, shape.as_ptr(), ptr::null()) })?;
        Ok(Tensor(handle))
    }

    /// A view that keeps the memory alive, whatever is dropped first.
    fn select(&self, axis: i32, index: i64) -> Result<Tensor, Error> {
        let mut handle = ptr::null_mut();
        check(unsafe { ffi::ps_tensor_select(&mut handle, self.0, axis, index) })?;
        Ok(Tensor(handle))
    }

    fn len(&self) -> usize {
        unsafe { ffi::ps_tensor_element_count(self.0) as usize }
    }

    fn elements(&self) -> &[f32] {
        unsafe { slice::from_raw_parts(ffi::ps_tensor_data(self.0).cast(), self.len()) }
    }

    fn elements_mut(&mut self) -> &mut [f32] {
        unsafe { slice::from_raw_parts_mut(ffi::ps_tensor_mutable_data(self.0).cast(), self.len()) }
    }
}

impl Drop for Tensor {
    fn drop(&mut self) {
        unsafe { ffi::ps_tensor_release(self.0) }
    }
}

fn memory_usage() -> Result<ffi::MemoryUsage, Error> {
    let struct_size = std::mem::size_of::<ffi::MemoryUsage>() as u32;
    let mut usage = ffi::MemoryUsage { struct_size, ..Default::default() };
    check(unsafe { ffi::ps_memory_stats(&mut usage, ffi::PS_DEVICE_CPU, 0) })?;
    Ok(usage)
}

fn main() -> Result<(), Error> {
    let mut matrix = Tensor::zeros(&[2, 3])?;
    for (index, element) in matrix.elements_mut().iter_mut().enumerate() {
        *element = index as f32;
    }
    let row = matrix.select(0, 1)?;
    drop(matrix); // the row keeps the memory alive
    assert_eq!(row.elements(), [3.0, 4.0, 5.0]);

    let message = row.select(0, 7).err().expect("index 7 of three is refused").to_string();
    assert!(message.starts_with("PS_OUT_OF_RANGE: index 7 is outside axis 0"), "{}", message);

    drop(row);
    let usage = memory_usage()?;
    assert_eq!((usage.live_bytes, usage.live_storages), (0, 0), "nothing is held at the end");
    println!("ok: Rust, penstock {}", text(unsafe { ffi::ps_version() }));
    Ok(())
}
