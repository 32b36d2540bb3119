// Linked into the tests: their process, and all that it starts, sees none of this machine's instances.
#pragma once

/// A descriptor of the mount namespace that this process was started in; -1 where it still is in that one, as it is
/// where the user is not root or may not mount.
int private_mounts_machine(void);
