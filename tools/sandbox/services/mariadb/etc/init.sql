CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY '@password@';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
ALTER USER 'root'@'localhost' IDENTIFIED BY '@password@';
