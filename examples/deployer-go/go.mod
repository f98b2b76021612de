module deployer

go 1.21

require flinkmock v0.0.0

replace flinkmock => ../../clients/go
