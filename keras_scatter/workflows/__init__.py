"""What the commands do: data sets, distillation, pictures. Optional packages are imported where they are used."""
