module flinkmock

go 1.21
