// LaunchConfiguration
