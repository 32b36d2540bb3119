import CLinux

extension Directory {
    /// Whether this directory is the root of a mount; before Linux 5.8, whether its parent is on another device.
    package borrowing func isMountRoot() throws(SystemError) -> Bool {
        let result = clinux_is_mount_root(descriptor.number)
        if result >= 0 { return result == 1 }
        return try descriptor.status().device != above().descriptor.status().device
    }

    /// Whether files here may be swapped out.
    package borrowing func swapExposure() throws(SystemError) -> SwapExposure {
        switch try descriptor.fileSystem().kind {
        case .ramfs: .never
        case .tmpfs: mountOptions(of: try descriptor.status().device).contains("noswap") ? .never : .possible
        case .other: .disk
        }
    }
}

/// The options of the file system with this device number (proc(5), mountinfo: the last field).
private func mountOptions(of device: UInt64) -> [Substring] {
    let identity = "\(major(device)):\(minor(device))"
    for line in readProcess("/proc/self/mountinfo").split(separator: "\n") {
        let fields = line.split(separator: " ")
        if fields.count > 6, fields[2] == identity, let options = fields.last {
            return options.split(separator: ",")
        }
    }
    return []
}
