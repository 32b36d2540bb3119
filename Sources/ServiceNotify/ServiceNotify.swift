// ServiceNotify
