// Owners that are Python's: the array, buffer or capsule whose memory a tensor borrows.
//
// The last hold on a tensor may go on any thread, without the GIL, in a forked child, or while Python is shutting down.
// Such an owner is therefore never given back inside a deleter: it is put on a lock-free list, and given back with the GIL
// held: soon, by a pending call, or at the next entry into this extension.  Once the interpreter is ending, owners are left
// alone on purpose: there may be nobody to take them.
#pragma once

namespace penstock::ext {

struct Owner {
  Owner *next = nullptr;
  void (*give_back)(Owner *owner) = nullptr;  // called with the GIL; frees owner too
};

// For a deleter: any thread, with or without the GIL, no lock, no allocation.
void give_back_later(Owner *owner) noexcept;

// Gives back what is on the list.  The GIL is held.  Leaves a raised Python exception as it is.
void give_back_owners();

// Between these two the GIL is held on this thread and give_back_owners() follows, so that no pending call is needed.
class GivesBackAfterwards {
 public:
  GivesBackAfterwards();
  ~GivesBackAfterwards();
  GivesBackAfterwards(const GivesBackAfterwards &) = delete;
  GivesBackAfterwards &operator=(const GivesBackAfterwards &) = delete;
};

// From now on owners are left alone: the interpreter is ending.
void leave_owners_alone();

}  // namespace penstock::ext
